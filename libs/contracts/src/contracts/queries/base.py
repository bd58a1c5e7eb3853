"""What questions and answers have in common."""

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Query(BaseModel):
    """What every query has.

    Attributes:
        at_least: the answer must take in the log up to this sequence; 0 for any.
    """

    model_config = ConfigDict(frozen=True)

    at_least: int = 0


class Failure(BaseModel):
    """The answer when a query could not be answered; no other answer has a field `failure`.

    Attributes:
        failure: ``behind`` if the projection did not reach `at_least` in time, ``busy`` if whoever was asked
            has no place left.
    """

    model_config = ConfigDict(frozen=True)

    failure: Literal["behind", "invalid", "internal", "busy"]
    message: str
