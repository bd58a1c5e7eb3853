"""How settings are read from ``PARLEY_…`` variables, and those of every service."""

import os
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic.functional_validators import BeforeValidator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from chassis.variables import complaint

SECRETS_DIR = "PARLEY_SECRETS_DIR"
"""Names the folder in which a file ``parley_nats_password`` stands for ``PARLEY_NATS_PASSWORD``."""


class Settings(BaseSettings):
    """What a part of the system is told by variables: each field with its default and its meaning.

    `.env.example`, the page of settings and the names that are known (`variables`) are made from them by
    ``make settings``.
    """

    model_config = SettingsConfigDict(
        env_prefix="PARLEY_", extra="ignore", use_attribute_docstrings=True, hide_input_in_errors=True
    )


LONGEST_REASON: Final = 500
"""Characters."""

SettingsT = TypeVar("SettingsT", bound=Settings)


def _split(value: object) -> object:
    if not isinstance(value, str):
        return value
    return tuple(part.strip() for part in value.split(",") if part.strip())


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""A comma separated list."""
Secrets = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split)]
"""A comma separated list of secrets."""


class WrongSetting(ValueError):
    """Environment variables that do not fit, named in one line."""


def in_one_line(error: BaseException) -> str:
    """What an exception says in one bounded line, without the values that did not fit a model."""
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
    return " ".join(str(error).split())[:LONGEST_REASON]


def load(settings: type[SettingsT]) -> SettingsT:
    """The settings as the environment has them, and the files of the secrets' folder where it has none.

    A variable that is empty counts as left out.

    Raises:
        WrongSetting: if a variable with our prefix is unknown, missing or does not fit.
    """
    if wrong := complaint(os.environ):
        raise WrongSetting(wrong)
    secrets = os.environ.get(SECRETS_DIR)
    if secrets and not Path(secrets).is_dir():
        raise WrongSetting(f"{SECRETS_DIR}: {secrets} is not a folder")
    try:
        return settings(_secrets_dir=secrets, _env_ignore_empty=True)
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        raise WrongSetting("; ".join(_described(prefix, detail) for detail in error.errors())) from None


def _described(prefix: str, detail: ErrorDetails) -> str:
    """One line without the value, which may be a secret; what is wrong with several names them itself."""
    if not detail["loc"]:
        return detail["msg"]
    return f"{prefix}{detail['loc'][0]}".upper() + f": {detail['msg']}"


class HttpSettings(Settings):
    """Where a service answers ``/livez``, ``/readyz``, ``/metrics`` and, at the edges, its clients."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_HTTP_")

    host: str = "127.0.0.1"
    """The address that a service itself listens on."""
    port: int = Field(default=8080, ge=0, le=65535)
    """The port that a service itself listens on."""


class LogSettings(Settings):
    """What a service writes to stderr."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_LOG_")

    format: Literal["plain", "json"] = "plain"
    """`json` for one JSON object a line."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """`debug`, `info`, `warning` or `error`."""
