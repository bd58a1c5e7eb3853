"""What a run showed while it went, kept so that any client can be shown it again."""

from typing import ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict

from contracts.events.run import RunEvent


class RunStreamed(RunEvent):
    """What a run showed while it went, recorded some frames at a time.

    Attributes:
        first: the number of the first of them, from 1 on in each attempt.
        frames: event names and their data, as JSON text.
        numbers: the frames' numbers where they do not follow each other, since others are told of elsewhere.
            In version 1 they always did.
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
    """What a run showed that is long, such as whole states: an event is as large as what is new in it.

    Attributes:
        base: reading the conversation's events of this type from this sequence on finds all their frames.
        frames: what was shown, in order.
    """

    type: ClassVar[str] = "run.states_streamed"

    base: int
    frames: tuple[PatchedFrame, ...]
