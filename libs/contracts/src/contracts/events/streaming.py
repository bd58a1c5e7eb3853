"""What a run showed while it went, kept so that any client can be shown it again."""

from typing import ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict

from contracts.events.run import RunEvent


class RunStreamed(RunEvent):
    """Frames that a run streamed, recorded several at a time.

    Attributes:
        first: the number of the first of them, from 1 on in each attempt.
        frames: event names and their data, as JSON text.
        numbers: the frames' numbers, if they are not consecutive because `run.states_streamed` has the
            others. In version 1 they always were.
    """

    type: ClassVar[str] = "run.streamed"
    version: ClassVar[int] = 2

    first: int
    frames: tuple[tuple[str, str], ...]
    numbers: tuple[int, ...] = ()


Part: TypeAlias = str | tuple[int, int]
"""A piece of a text: itself, or where it is in the text before it, by start and length in characters."""


class PatchedFrame(BaseModel):
    """A frame as what has changed since the one before it in its chain.

    Attributes:
        number: its number within the attempt.
        event: its name.
        chain: what it is compared with; the frame before it may be one of an earlier run.
        parts: of its data. A chain begins with a frame that copies nothing.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    event: str
    chain: str
    parts: tuple[Part, ...]


class StatesStreamed(RunEvent):
    """Long frames that a run streamed, such as whole states, stored as changes.

    Attributes:
        base: reading the conversation's events of this type from this sequence on finds all their frames.
        frames: what was shown, in order.
    """

    type: ClassVar[str] = "run.states_streamed"

    base: int
    frames: tuple[PatchedFrame, ...]
