"""What an edge is told about access by ``PARLEY_…`` variables."""

import re
from ipaddress import ip_address
from typing import Final, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from chassis.settings import Secrets, Settings, Words
from eventlog.turns.inbox import QUEUED

SHORTEST_KEY: Final = 16
_ORIGIN: Final = re.compile(r"https?://[^/\s]+")


class AccessSettings(Settings):
    """Whom to let in. Lists are comma separated; a limit of 0 is none."""

    api_keys: Secrets = ()
    """Keys of 16 or more characters, comma separated, for X-API-Key. Empty: none needed."""
    allowed_origins: Words = ()
    """Web pages of other hosts that may call, such as https://chat.example.org, comma separated."""
    connections_per_address: int = Field(default=256, ge=0)
    """Open at once from one address; 0 for any number."""
    messages_per_second: float = Field(default=200.0, ge=0)
    """Frames a second of one WebSocket; 0 for any number."""
    conversations_per_minute: float = Field(default=600.0, ge=0)
    """Conversations one API key or one member's token may begin; 0 for any number."""
    queued_per_conversation: int = Field(default=QUEUED, ge=1)
    """Messages of one conversation that may wait for their answers; one more is refused."""
    http_host: str = "127.0.0.1"
    """The address that a service itself listens on."""
    host: str = ""
    """The address to listen on."""
    allow_insecure_bind: Literal["", "no", "yes"] = Field(default="", validate_default=True)
    """`yes` allows PARLEY_HOST to be an address that others can reach, though no API keys are set."""

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
