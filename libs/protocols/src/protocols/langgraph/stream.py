"""A run as Server-Sent Events: LangGraph's modes, as the runner showed them. Pure.

What was recorded goes out as it is. Runs of other protocols showed nothing in this form; what their nodes
did stands for it.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    NodeCompleted,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunInterrupted,
    RunRequested,
    RunStarted,
)
from contracts.live import frame_id

END: Final = ("end", "null")
CANCELLED: Final = ("UserInterrupt", "the run was cancelled")
_NAMES: Final = {"messages-tuple": "messages"}


class Framed(Protocol):
    """A frame as `eventlog.turns.frames` gives it."""

    @property
    def run_id(self) -> str:
        """The run that it belongs to."""
        ...

    @property
    def message_sequence(self) -> int:
        """Where that run's request is in the log."""
        ...

    @property
    def attempt(self) -> int:
        """The run's attempt."""
        ...

    @property
    def number(self) -> int:
        """Its place in the attempt."""
        ...

    @property
    def event(self) -> str:
        """Its name."""
        ...

    @property
    def data(self) -> str:
        """Its JSON text."""
        ...


@dataclass(frozen=True, slots=True)
class Sent:
    """One event for the client.

    Attributes:
        data: JSON text; None where it is the state that the run came to.
    """

    id: int
    event: str
    data: str | None

    def encode(self, *, numbered: bool, data: str | None = None) -> bytes:
        """The event on the wire."""
        number = f"id: {self.id}\r\n" if numbered else ""
        return f"event: {self.event}\r\ndata: {self.data if data is None else data}\r\n{number}\r\n".encode()


@dataclass(slots=True)
class RunStream:
    """One run for one client.

    Attributes:
        run_id: the run.
        sequence: where its request is in the log.
        request: the request, where it came by this protocol.
        modes: only these; all where it is None.
        after: the id of the last event that the client has; what comes up to it is not sent again.
        end: the event that ended the run, once it has.
    """

    run_id: str
    sequence: int
    request: RunRequested | None
    modes: Collection[str] | None = None
    after: int = -1
    end: RunEvent | None = None
    _attempt: int = 1
    _next: int = 0
    _names: frozenset[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        self._names = frozenset(_NAMES.get(mode, mode) for mode in self.modes or ())

    def feed(self, item: Framed | Recorded) -> Iterator[Sent]:
        """The events that an item of the conversation stands for; none for those of other runs."""
        for sent in self._sent(item):
            if sent.id > self.after and self._is_wanted(sent.event):
                yield sent

    def _sent(self, item: Framed | Recorded) -> Iterator[Sent]:
        if not isinstance(item, Recorded):
            if item.run_id == self.run_id:
                self._next = item.number + 1
                yield from self._shown(item)
            return
        event = item.event
        if not isinstance(event, RunEvent) or event.run_id != self.run_id:
            return
        if isinstance(event, RunStarted):
            self.sequence = event.message_sequence  # another one than before if the run was to begin later
            self._attempt, self._next = event.attempt, 1
            about = {"run_id": self.run_id, "attempt": event.attempt}
            yield Sent(self._id(0), "metadata", text_of(about))
        elif isinstance(event, NodeCompleted) and self.request is None:
            yield Sent(self._id(self._number()), "updates", text_of({event.node: event.update}))
        elif isinstance(event, ENDS):
            self.end = event
            if self.request is None and isinstance(event, RunCompleted | RunInterrupted):
                yield Sent(self._id(self._number()), "values", None)
            if isinstance(event, RunFailed):
                failure = {"error": event.code, "message": event.error}
                yield Sent(self._id(self._number()), "error", text_of(failure))
            yield Sent(self._id(self._number()), *END)

    def _shown(self, frame: Framed) -> Iterator[Sent]:
        number = frame_id(frame.message_sequence, frame.attempt, frame.number)
        if self.request is None or self.request.stream == "modes":
            yield Sent(number, frame.event, frame.data)
        elif frame.event.partition("|")[0] in ("values", "updates", "custom"):
            data = json.loads(frame.data)["params"]["data"]
            yield Sent(number, frame.event, text_of(data))

    def _number(self) -> int:
        number = self._next
        self._next += 1
        return number

    def _id(self, number: int) -> int:
        return frame_id(self.sequence, self._attempt, number)

    def _is_wanted(self, event: str) -> bool:
        if self.modes is None or event in ("metadata", "error", "end"):
            return True
        return event.partition("|")[0].partition("/")[0] in self._names


def text_of(value: Any) -> str:
    """A value as the JSON text that goes out."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
