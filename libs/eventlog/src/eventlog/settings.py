"""What every service is told by ``PARLEY_…`` variables: where NATS is, where to listen, how to log."""

import os
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, FilePath, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from eventlog.variables import complaint

SettingsT = TypeVar("SettingsT", bound=BaseSettings)

SECRETS_DIR = "PARLEY_SECRETS_DIR"
"""Names the folder in which a file ``parley_nats_password`` stands for ``PARLEY_NATS_PASSWORD``."""


class WrongSetting(ValueError):
    """Environment variables that do not fit, named in one line."""


def load(settings: type[SettingsT]) -> SettingsT:
    """The settings as the environment has them, and the files of the secrets' folder where it has none.

    Raises:
        WrongSetting: if a variable with our prefix is unknown, missing or does not fit.
    """
    if wrong := complaint(os.environ):
        raise WrongSetting(wrong)
    secrets = os.environ.get(SECRETS_DIR)
    if secrets and not Path(secrets).is_dir():
        raise WrongSetting(f"{SECRETS_DIR}: {secrets} is not a folder")
    try:
        return settings(_secrets_dir=secrets)
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
        user: also names the inbox that answers come to, ``_INBOX.<user>``, which no other user may read.
        tls_ca: a file of the certificates to trust; with it the connection is encrypted or fails.
        request_timeout: how long one request may take.
        connect_deadline: how long the first connection may take.
        append_deadline: how long an append may take with all its retries, and a follower sits out that the
            log does not answer.
        idle_check: how long a follower waits in silence before it looks at the log itself.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_NATS_", extra="ignore")

    url: str = "nats://127.0.0.1:4222"
    user: str | None = None
    password: SecretStr | None = None
    tls_ca: FilePath | None = None
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
