"""What every service is told by ``PARLEY_…`` variables: where NATS is, where to listen, how to log."""

import os
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from eventlog.variables import complaint

SettingsT = TypeVar("SettingsT", bound=BaseSettings)


class WrongSetting(ValueError):
    """Environment variables that do not fit, named in one line."""


def load(settings: type[SettingsT]) -> SettingsT:
    """The settings as the environment has them.

    Raises:
        WrongSetting: if a variable with our prefix is unknown, missing or does not fit.
    """
    if wrong := complaint(os.environ):
        raise WrongSetting(wrong)
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config.get("env_prefix", "")
        raise WrongSetting("; ".join(_described(prefix, detail) for detail in error.errors())) from None


def _described(prefix: str, detail: ErrorDetails) -> str:
    """One line without the value, which may be a secret."""
    field = str(detail["loc"][0]) if detail["loc"] else ""
    return f"{prefix}{field}".upper() + f": {detail['msg']}"


class NatsSettings(BaseSettings):
    """Connection and time limits; all times in seconds.

    Attributes:
        url: one or more server addresses, comma separated.
        request_timeout: how long one request may take.
        connect_deadline: how long the first connection may take.
        append_deadline: how long an append may take with all its retries.
        idle_check: how long a follower waits in silence before it looks at the log itself.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_NATS_", extra="ignore")

    url: str = "nats://127.0.0.1:4222"
    user: str | None = None
    password: SecretStr | None = None
    request_timeout: float = Field(default=2.0, gt=0)
    connect_deadline: float = Field(default=10.0, gt=0)
    append_deadline: float = Field(default=10.0, gt=0)
    idle_check: float = Field(default=15.0, gt=0)


class HttpSettings(BaseSettings):
    """Where a service answers ``/livez``, ``/readyz``, ``/metrics`` and, at the edges, its clients."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_HTTP_", extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)


class LogSettings(BaseSettings):
    """What a service writes to stderr.

    Attributes:
        format: one JSON object a line, or plain lines for people.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_LOG_", extra="ignore")

    format: Literal["plain", "json"] = "plain"
    level: Literal["debug", "info", "warning", "error"] = "info"
