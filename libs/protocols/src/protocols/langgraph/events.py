"""A thread's event stream: the runs of it in LangGraph's streaming protocol, one after the other. Pure.

The events are those that LangGraph made in the runner. Where a run came another way, its modes or the
state that it came to stand for them. An event has the same id for everybody, always, and ids grow along the
thread.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunInterrupted,
    RunStarted,
)
from contracts.live import frame_id
from protocols.langgraph.stream import Framed

CHANNELS: Final = (
    "values",
    "updates",
    "messages",
    "tools",
    "custom",
    "lifecycle",
    "input",
    "tasks",
    "checkpoints",
)
_CUSTOM: Final = "custom:"
_CHANNEL_OF: Final = {"input.requested": "input"}
_AS_THEY_ARE: Final = frozenset(("values", "updates", "custom", "tasks"))
"""The modes whose data the protocol has as well."""


class NotUnderstood(ValueError):
    """A subscription that cannot be; the text says why."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event for the client.

    Attributes:
        text: the whole event as JSON; where it is the state that a run came to, what goes around that.
        state_of: that run.
    """

    seq: int
    method: str
    namespace: tuple[str, ...]
    text: str
    state_of: str | None = None

    def encode(self, text: str) -> bytes:
        """The event as a Server-Sent Event."""
        return f"event: {self.method}\r\nid: {self.seq}\r\ndata: {text}\r\n\r\n".encode()


@dataclass(frozen=True, slots=True)
class Subscription:
    """What of a thread a client wants.

    Attributes:
        namespaces: prefixes; None for all.
        depth: how far below them.
        since: only what comes behind this number.
    """

    channels: frozenset[str]
    namespaces: tuple[tuple[str, ...], ...] | None = None
    depth: int | None = None
    since: int = 0

    @classmethod
    def of(cls, body: Any) -> "Subscription":
        """Read ``{channels, namespaces?, depth?, since?}``. Raises `NotUnderstood`."""
        channels = body.get("channels") if isinstance(body, dict) else None
        if not isinstance(channels, list) or not channels:
            raise NotUnderstood("channels is required and must be a non-empty array")
        unknown = [each for each in channels if not _is_channel(each)]
        if unknown:
            raise NotUnderstood(
                f"channels contains unsupported entries: {', '.join(map(str, unknown))[:200]}. "
                f"Allowed: {', '.join(CHANNELS)}, or any `custom:<name>`."
            )
        namespaces, depth, since = (body.get(name) for name in ("namespaces", "depth", "since"))
        if namespaces is not None and not _are_namespaces(namespaces):
            raise NotUnderstood("namespaces must be an array of arrays of strings")
        for name, number in (("depth", depth), ("since", since)):
            if number is not None and (type(number) is not int or number < 0):
                raise NotUnderstood(f"{name} must be a non-negative integer")
        places = None if namespaces is None else tuple(tuple(each) for each in namespaces)
        return cls(frozenset(channels), places, depth, since or 0)

    def wants(self, event: Event) -> bool:
        """Whether an event is part of it."""
        return event.seq > self.since and self._hears(event) and self._reaches(event.namespace)

    def _hears(self, event: Event) -> bool:
        channel = _CHANNEL_OF.get(event.method, event.method)
        if channel in self.channels:
            return True
        names = {each.removeprefix(_CUSTOM) for each in self.channels if each.startswith(_CUSTOM)}
        if channel != "custom" or not names:
            return False
        data = json.loads(event.text)["params"]["data"]
        return isinstance(data, dict) and data.get("name") in names

    def _reaches(self, namespace: Sequence[str]) -> bool:
        if self.namespaces is None:
            return True
        return any(self._is_below(prefix, namespace) for prefix in self.namespaces)

    def _is_below(self, prefix: Sequence[str], namespace: Sequence[str]) -> bool:
        below = len(namespace) - len(prefix)
        if below < 0 or (self.depth is not None and below > self.depth):
            return False
        return all(
            wanted in (found, found.partition(":")[0])
            for wanted, found in zip(prefix, namespace, strict=False)
        )


@dataclass(slots=True)
class _Run:
    graph: str
    sequence: int
    attempt: int
    next: int
    at: int


@dataclass(slots=True)
class ThreadStream:
    """All runs of a thread as events.

    Attributes:
        seq: the number of the last event.
    """

    seq: int = 0
    _runs: dict[str, _Run] = field(default_factory=dict)

    def feed(self, item: Framed | Recorded) -> Iterator[Event]:
        """The events that an item of the conversation stands for."""
        for event in self._events(item):
            self.seq = max(self.seq, event.seq)
            yield event

    def _events(self, item: Framed | Recorded) -> Iterator[Event]:
        if not isinstance(item, Recorded):
            yield from self._shown(item)
            return
        event = item.event
        if not isinstance(event, RunEvent):
            return
        at = int(item.occurred_at.timestamp() * 1000)
        if isinstance(event, RunStarted):
            run = _Run(event.graph, event.message_sequence, event.attempt, 1, at)
            self._runs[event.run_id] = run
            yield self._lifecycle(event.run_id, run, 0, "running", {})
            return
        run = self._runs.setdefault(event.run_id, _Run("", event.message_sequence, event.attempt, 1, at))
        run.at = at
        if isinstance(event, ENDS):
            del self._runs[event.run_id]
            yield from self._ended(event, run)

    def _shown(self, frame: Framed) -> Iterator[Event]:
        run = self._runs.get(frame.run_id)
        if run is None:
            return
        run.next = frame.number + 1
        method, *namespace = frame.event.split("|")
        number = frame_id(frame.message_sequence, frame.attempt, frame.number)
        if frame.data.startswith('{"type":"event",'):
            yield Event(number, method, tuple(namespace), frame.data)
        elif method in _AS_THEY_ARE:
            text = _wrapped(str(number), number, method, namespace, run.at, frame.data)
            yield Event(number, method, tuple(namespace), text)

    def _ended(self, event: RunEvent, run: _Run) -> Iterator[Event]:
        status, more = "completed", {}
        last = run.next
        if run.next == 1 and isinstance(event, RunCompleted | RunInterrupted):
            seq = frame_id(run.sequence, run.attempt, last)
            text = _wrapped(str(seq), seq, "values", (), run.at, _PLACE)
            yield Event(seq, "values", (), text, event.run_id)
            last += 1
        match event:
            case RunInterrupted():
                status = "interrupted"
                for identity, value in questions_of(event):
                    data = {"interrupt_id": identity, "payload": value, "value": value}
                    name = f"synth:{event.run_id}:input||{identity}"
                    yield self._synthetic(name, run, last, "input.requested", data)
                    last += 1
            case RunCompleted(stopped_at=(_, *_)) | RunCancelled():
                status = "interrupted"
            case RunFailed(error=error):
                status, more = "failed", {"error": error}
        yield self._lifecycle(event.run_id, run, last, status, more)

    def _lifecycle(self, run_id: str, run: _Run, number: int, status: str, more: dict[str, Any]) -> Event:
        data = {"event": status, "graph_name": run.graph, **more}
        return self._synthetic(f"synth:{run_id}:lc||{status}", run, number, "lifecycle", data)

    def _synthetic(self, identity: str, run: _Run, number: int, method: str, data: Any) -> Event:
        seq = frame_id(run.sequence, run.attempt, number)
        return Event(seq, method, (), _wrapped(identity, seq, method, (), run.at, _text(data)))


_PLACE: Final = "\0"


def with_state(event: Event, state: str) -> str:
    """The event's text with the state that it is about."""
    return event.text.replace(_PLACE, state, 1)


def questions_of(event: RunInterrupted) -> list[tuple[str, Any]]:
    """The ids of the questions that a run ended with, each with what the graph asked; a breakpoint asks
    nothing."""
    return [(asked.interrupt_id, asked.value) for asked in event.questions if asked.kind == "interrupt"]


def _is_channel(name: Any) -> bool:
    return isinstance(name, str) and (name in CHANNELS or (name.startswith(_CUSTOM) and name != _CUSTOM))


def _are_namespaces(namespaces: Any) -> bool:
    return isinstance(namespaces, list) and all(
        isinstance(each, list) and all(isinstance(part, str) for part in each) for each in namespaces
    )


def _wrapped(identity: str, seq: int, method: str, namespace: Sequence[str], at: int, data: str) -> str:
    head = {"type": "event", "event_id": identity, "seq": seq, "method": method}
    place = {"namespace": list(namespace), "timestamp": at}
    return f'{_text(head)[:-1]},"params":{_text(place)[:-1]},"data":{data}}}}}'


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
