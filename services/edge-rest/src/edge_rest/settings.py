"""What edge-rest can be told by ``PARLEY_…`` variables."""

from typing import Annotated

from pydantic import Field
from pydantic.functional_validators import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class EdgeSettings(BaseSettings):
    """Limits; times in seconds, sizes in bytes.

    Attributes:
        max_body: a larger request body is refused.
        query_timeout: how long a query to another service may take.
        run_timeout: how long a run that is not kept may take.
        needs: the services without which ``/health`` answers 503.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    max_body: int = Field(default=1 << 20, gt=0)
    query_timeout: float = Field(default=5.0, gt=0)
    run_timeout: float = Field(default=600.0, gt=0)
    needs: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = (
        "edge-ws",
        "agent-runner",
        "history-store",
    )
