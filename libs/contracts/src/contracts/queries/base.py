"""What questions and answers have in common."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, field_validator


class Query(BaseModel):
    """What every query has.

    Attributes:
        at_least: the answer must take in the log up to this sequence, or up to these where it has several
            streams; 0 for any.
    """

    model_config = ConfigDict(frozen=True)

    at_least: int | tuple[int, ...] = 0

    @field_validator("at_least")
    @classmethod
    def _one(cls, positions: int | tuple[int, ...]) -> int | tuple[int, ...]:
        """A log of one stream needs no list."""
        return positions[0] if isinstance(positions, tuple) and len(positions) == 1 else positions


class Failure(BaseModel):
    """The answer when a query could not be answered; no other answer has a field `failure`.

    Attributes:
        failure: ``behind`` if the projection did not reach `at_least` in time, ``busy`` if whoever was asked
            has no place left.
    """

    model_config = ConfigDict(frozen=True)

    failure: Literal["behind", "invalid", "internal", "busy"]
    message: str
