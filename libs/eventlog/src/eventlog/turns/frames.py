"""What runs show, from the log and from whoever listens ahead of it: every frame once, in order.

Frames come live, and then in the log some at a time; whichever is first is taken. Long ones are in the log as
what has changed, and are made whole again only for who needs them. Between frames come the events of the
conversation as they are in the log.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeGuard

from contracts.envelope import Recorded
from contracts.events import ENDS, Event, RunEvent, RunStarted, RunStreamed, StatesStreamed
from contracts.live import FRAME, Delta
from eventlog.live import Live
from eventlog.ports import Log
from eventlog.turns.patches import Chains

AHEAD: Final = 1024
"""How many items may wait for a reader."""
HELD: Final = 100_000
"""How many live frames of one run may wait for the log to say that it has begun."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a run.

    Attributes:
        message_sequence: where the run's request is in the log.
        number: its place within the attempt, from 1 on.
        data: JSON text.
    """

    run_id: str
    message_sequence: int
    attempt: int
    number: int
    event: str
    data: str


Item: TypeAlias = Frame | Recorded


@dataclass(slots=True)
class _Showing:
    """One attempt at a run, as far as it has been shown.

    Attributes:
        early: live frames behind one that has not come yet, or of an attempt that has not begun.
    """

    attempt: int = 0
    message_sequence: int = 0
    next: int = 1
    early: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)


class Ordering:
    """Puts what comes from both sides into order. Pure."""

    def __init__(self) -> None:
        self._runs: dict[str, _Showing] = {}
        self._ended: set[str] = set()

    def join(self, newest: RunEvent, seen: int) -> None:
        """Begin in the middle of an attempt, behind its frame `seen`."""
        self._runs[newest.run_id] = _Showing(newest.attempt, newest.message_sequence, seen + 1)

    def live(self, delta: Delta) -> list[Item]:
        """What a delta makes known."""
        if delta.kind != FRAME or delta.run_id in self._ended:
            return []
        number, event, data = delta.data
        run = self._runs.setdefault(delta.run_id, _Showing())
        place = (delta.attempt, number)
        if place >= (run.attempt, run.next) and len(run.early) < HELD:
            run.early[place] = (event, data)
        return self._due(delta.run_id, run)

    def recorded(self, recorded: Recorded) -> list[Item]:
        """What an event of the log makes known."""
        event = recorded.event
        if not isinstance(event, RunEvent):
            return [recorded]
        run = self._runs.setdefault(event.run_id, _Showing())
        if isinstance(event, RunStreamed):
            numbers = event.numbers or range(event.first, event.first + len(event.frames))
            return self.streamed(event, zip(numbers, event.frames, strict=True))
        if isinstance(event, StatesStreamed):
            return []
        if isinstance(event, RunStarted) and event.attempt > run.attempt:
            run.attempt, run.message_sequence, run.next = event.attempt, event.message_sequence, 1
            run.early = {place: frame for place, frame in run.early.items() if place[0] >= event.attempt}
            return [recorded, *self._due(event.run_id, run)]
        if isinstance(event, ENDS):
            self._runs.pop(event.run_id)
            self._ended.add(event.run_id)
        return [recorded]

    def streamed(self, event: RunEvent, frames: Iterable[tuple[int, tuple[str, str]]]) -> list[Item]:
        """What the frames in an event of the log make known."""
        run = self._runs.setdefault(event.run_id, _Showing())
        if event.attempt != run.attempt:
            return []
        for number, frame in frames:
            if number >= run.next:
                run.early[run.attempt, number] = frame
        return self._due(event.run_id, run)

    def lacks(self, event: StatesStreamed) -> bool:
        """Whether a frame of it has not come yet."""
        run = self._runs.get(event.run_id, _Showing())
        return event.attempt == run.attempt and any(
            frame.number >= run.next and (run.attempt, frame.number) not in run.early
            for frame in event.frames
        )

    def _due(self, run_id: str, run: _Showing) -> list[Item]:
        """The frames that come next, in order."""
        due: list[Item] = []
        while frame := run.early.pop((run.attempt, run.next), None):
            due.append(Frame(run_id, run.message_sequence, run.attempt, run.next, *frame))
            run.next += 1
        return due


@asynccontextmanager
async def following(
    log: Log, live: Live | None, conversation: str, *, after: int, joining: bool = False
) -> AsyncIterator[AsyncIterator[Item]]:
    """The frames and events of a conversation behind a sequence, then each new one.

    Args:
        live: None where the log alone is to be read.
        after: in front of the run that is wanted first, unless one is joined.
        joining: begin in the middle of the run that goes on there, with what it shows from now on.
    """
    ordering = Ordering()
    async with _merged(log, live, conversation, after) as arrivals:
        newest = await log.last(conversation, "run.>") if joining else None
        if live and newest and newest.sequence <= after and _goes_on(newest.event):
            ordering.join(newest.event, _last_number(await live.kept(conversation), newest.event))
        yield _items(arrivals, ordering, log)


async def _items(
    arrivals: AsyncIterator[Delta | Recorded], ordering: Ordering, log: Log
) -> AsyncIterator[Item]:
    chains = Chains()
    async for arrival in arrivals:
        if isinstance(arrival, Delta):
            items = ordering.live(arrival)
        elif not isinstance(states := arrival.event, StatesStreamed):
            items = ordering.recorded(arrival)
        elif ordering.lacks(states):
            if not chains.knows(states):
                chains = await _chains(log, arrival.conversation, states.base, arrival.sequence - 1)
            items = ordering.streamed(states, chains.read(states).items())
        else:
            chains, items = Chains(), []
        for item in items:
            yield item


async def _chains(log: Log, conversation: str, base: int, until: int) -> Chains:
    """The long frames as they stood at a sequence, read from `base` on."""
    chains = Chains()
    read = log.read(conversation, after=base - 1, until=until, pattern=StatesStreamed.type)
    async for recorded in read:
        if isinstance(recorded.event, StatesStreamed):
            chains.read(recorded.event)
    return chains


@asynccontextmanager
async def _merged(
    log: Log, live: Live | None, conversation: str, after: int
) -> AsyncIterator[AsyncIterator[Delta | Recorded]]:
    """Both sides in the order in which they arrive."""
    queue: asyncio.Queue[Delta | Recorded] = asyncio.Queue(AHEAD)

    async def hear(deltas: AsyncIterator[Delta]) -> None:
        async for delta in deltas:
            if delta.kind == FRAME:
                await queue.put(delta)

    async def read(events: AsyncIterator[Recorded]) -> None:
        async for event in events:
            await queue.put(event)

    async def arrivals() -> AsyncIterator[Delta | Recorded]:
        while True:
            yield await queue.get()

    async with log.follow(conversation, after=after) as events, asyncio.TaskGroup() as group:
        tasks = [group.create_task(read(events))]
        if live is None:
            yield arrivals()
        else:
            async with live.listen(conversation, replay=True) as deltas:
                tasks.append(group.create_task(hear(deltas)))
                yield arrivals()
        for task in tasks:
            task.cancel()


def _goes_on(event: Event) -> TypeGuard[RunEvent]:
    return isinstance(event, RunEvent) and not isinstance(event, ENDS)


def _last_number(kept: list[Delta], newest: RunEvent) -> int:
    """The number of the last frame that an attempt has sent so far."""
    numbers = [
        delta.data[0]
        for delta in kept
        if delta.kind == FRAME and (delta.run_id, delta.attempt) == (newest.run_id, newest.attempt)
    ]
    return max(numbers, default=0)
