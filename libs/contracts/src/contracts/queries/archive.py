"""What the operator is asked."""

from typing import Final

from pydantic import BaseModel, ConfigDict

RETURN: Final = "archive.return"


class Return(BaseModel):
    """Bring an archived conversation back into the log."""

    model_config = ConfigDict(frozen=True)

    conversation: str


class Returned(BaseModel):
    """The answer to `Return`: the log has the conversation, whole, if there is one.

    Attributes:
        events: how many were appended.
    """

    model_config = ConfigDict(frozen=True)

    events: int
