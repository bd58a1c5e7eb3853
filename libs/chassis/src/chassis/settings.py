"""How settings are read from ``PARLEY_…`` variables, and those of every service."""

import os
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.variables import complaint

SettingsT = TypeVar("SettingsT", bound=BaseSettings)

SECRETS_DIR = "PARLEY_SECRETS_DIR"
"""Names the folder in which a file ``parley_nats_password`` stands for ``PARLEY_NATS_PASSWORD``."""


class WrongSetting(ValueError):
    """Environment variables that do not fit, named in one line."""


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
    """One line without the value, which may be a secret."""
    field = str(detail["loc"][0]) if detail["loc"] else ""
    return f"{prefix}{field}".upper() + f": {detail['msg']}"


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
