"""What an edge is told about access by ``PARLEY_…`` variables."""

import re
from ipaddress import ip_address
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic.functional_validators import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHORTEST_KEY: Final = 16
_ORIGIN: Final = re.compile(r"https?://[^/\s]+")


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]


class AccessSettings(BaseSettings):
    """Whom to let in. Lists are comma separated; a limit of 0 is none.

    Attributes:
        api_keys: one of them must come with every request of a protocol without a login; none: not asked.
        allowed_origins: web pages that may call, beside those of this server and of the loopback address,
            such as ``https://chat.example.org``; ``*`` for all.
        connections_per_address: open at once; programs of this machine are not counted.
        messages_per_second: of one WebSocket; a client that sends faster is read slower.
        conversations_per_minute: that one API key may begin.
        http_host: the address that this process listens on.
        host: the address that clients reach, where a gateway listens in place of this process.
        allow_insecure_bind: whether anybody who reaches that address may come in without a key.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    api_keys: Secrets = ()
    allowed_origins: Words = ()
    connections_per_address: int = Field(default=256, ge=0)
    messages_per_second: float = Field(default=200.0, ge=0)
    conversations_per_minute: float = Field(default=600.0, ge=0)
    http_host: str = "127.0.0.1"
    host: str = ""
    allow_insecure_bind: Literal["", "no", "yes"] = Field(default="", validate_default=True)

    @property
    def is_local(self) -> bool:
        """Whether only programs of this machine reach it."""
        return is_loopback(self.host or self.http_host)

    @field_validator("api_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < SHORTEST_KEY for key in keys):
            raise ValueError(f"each key must have at least {SHORTEST_KEY} characters")
        return keys

    @field_validator("allowed_origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin such as https://chat.example.org")
        return origins

    @field_validator("allow_insecure_bind")
    @classmethod
    def _said_twice(cls, allowed: str, info: ValidationInfo) -> str:
        reached = info.data["host"] or info.data["http_host"]
        keys = info.data.get("api_keys", True)  # a key that is too short is an error of its own
        if not (is_loopback(reached) or keys or allowed == "yes"):
            raise ValueError(
                f"anybody who reaches {reached} could use this server; set PARLEY_API_KEYS, "
                "or this to yes if that is what you want"
            )
        return allowed


def is_loopback(host: str) -> bool:
    """Whether an address or name is this machine's own."""
    name = host.removeprefix("[").removesuffix("]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
