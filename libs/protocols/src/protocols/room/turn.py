"""One turn of a room as frames: each attempt at it in its own order, and how it ends."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from contracts.events import (
    Question,
    RunCompleted,
    RunEnded,
    RunFailed,
    RunInterrupted,
)
from contracts.live import Delta
from contracts.trace import CHAIN_END, CHAIN_ERROR, CHAIN_START, CHAIN_STREAM, CUSTOM_EVENT, TRACED, root_of
from protocols.room.wire import (
    Restart,
    assistant,
)

Frame: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a frame stands within its run."""

    attempt: int
    number: int


@dataclass(frozen=True, slots=True)
class Position:
    """A frame's id; `sequence` is that of the message which the run answers."""

    sequence: int
    place: Place

    def __str__(self) -> str:
        return f"{self.sequence}.{self.place.attempt}.{self.place.number}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """The inverse of `str`.

        Raises:
            ValueError: if no frame has such an id.
        """
        sequence, attempt, number = map(int, text.split("."))
        position = cls(sequence, Place(attempt, number))
        if str(position) != text or min(sequence, attempt, number) < 0:
            raise ValueError(f"{text!r} is not how an id is written")
        return position


@dataclass(slots=True)
class Turn:
    """One run as far as it was shown.

    Attributes:
        seen: the client knows the frames up to here.
        shown_attempt: the newest attempt that the client has seen something of, 0 for none.
        next_index: of the delta that comes next.
        lost: what is missing will not come.
    """

    run_id: str
    sequence: int
    seen: Place
    shown_attempt: int
    attempt: int = 0
    next_index: int = 0
    waiting: dict[tuple[int, int], Delta] = field(default_factory=dict)
    end: RunEnded | None = None
    lost: bool = False
    _void: int = 0

    @property
    def reached(self) -> Place:
        """The last frame that there is so far."""
        return last_of(self.end) if self.end and self.is_complete else Place(self.attempt, self.next_index)

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing more to wait for."""
        if self.end is None:
            return False
        return self.lost or self.next_index >= self.end.deltas or self.seen == last_of(self.end)

    def begin(self, attempt: int) -> None:
        """The log says that this attempt has the run."""
        if attempt > self.attempt:
            self._void = self.shown_attempt if self.shown_attempt < attempt else 0
            self.attempt, self.next_index = attempt, 0
            self.waiting = {key: delta for key, delta in self.waiting.items() if key[0] >= attempt}

    def take(self, delta: Delta) -> None:
        """Keep a delta until its turn comes."""
        if (delta.attempt, delta.index) >= (self.attempt, self.next_index):
            self.waiting[delta.attempt, delta.index] = delta

    def frames(self) -> Iterator[Frame]:
        """All that can be shown now and was not yet."""
        if self._void:
            notice = Restart(run_id=str(root_of(self.run_id, self._void)), id=self._id(0))
            yield from self._placed(0, notice.model_dump())
            self._void = 0
        while delta := self.waiting.pop((self.attempt, self.next_index), None):
            self.next_index += 1
            if delta.kind in TRACED:
                yield from self._event(self.next_index, delta.kind, delta.data)
        if self.end and self.is_complete:
            yield from self._closing(self.end)

    def _closing(self, end: RunEnded) -> Iterator[Frame]:
        """The end as the log has it, with the whole text where deltas were lost."""
        last = last_of(end).number
        if self.next_index == 0:
            yield from self._root(1, CHAIN_START)
        match end:
            case RunCompleted(text=text):
                if self.next_index < end.deltas:
                    update = {"messages": [assistant(text).model_dump()]}
                    yield from self._root(last - 1, CHAIN_STREAM, chunk={"model": update})
                yield from self._root(last, CHAIN_END)
            case RunInterrupted(questions=questions):
                chunk = {"__interrupt__": [_interrupt(asked) for asked in questions]}
                yield from self._root(last - 1, CHAIN_STREAM, chunk=chunk)
                yield from self._root(last, CHAIN_END)
            case RunFailed(error=error):
                yield from self._root(last, CHAIN_ERROR, error=error)
            case _:
                yield from self._root(last, CHAIN_ERROR, error="the run was cancelled")

    def _root(self, number: int, kind: str, **data: Any) -> Iterator[Frame]:
        root = str(root_of(self.run_id, self.attempt))
        yield from self._event(number, kind, {"data": data, "run_id": root, "parent_ids": [], "tags": []})

    def _event(self, number: int, kind: str, traced: dict[str, Any]) -> Iterator[Frame]:
        fields = ("data", "run_id", "parent_ids", "tags", *(("name",) if kind == CUSTOM_EVENT else ()))
        documented = {name: traced[name] for name in fields}
        yield from self._placed(number, {"event": kind, **documented, "id": self._id(number)})

    def _placed(self, number: int, frame: Frame) -> Iterator[Frame]:
        self.shown_attempt = max(self.shown_attempt, self.attempt)
        if Place(self.attempt, number) > self.seen:
            yield frame

    def _id(self, number: int) -> str:
        return str(Position(self.sequence, Place(self.attempt, number)))


def _interrupt(question: Question) -> dict[str, Any]:
    """The question as LangGraph streams it."""
    schema = {} if question.response_schema is None else {"response_schema": question.response_schema}
    return {"id": question.interrupt_id, "value": question.value, **schema}


def last_of(end: RunEnded) -> Place:
    """A turn's very last frame: behind its deltas, or behind the start and the text that stand for them."""
    return Place(end.attempt, max(end.deltas, 2) + (2 if isinstance(end, RunInterrupted) else 1))
