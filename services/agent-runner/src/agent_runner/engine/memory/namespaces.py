"""How events of the store get into the log: those of one namespace in one line, whatever waits at once."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts import subjects
from contracts.envelope import Envelope
from contracts.events import ConversationStarted, Event, NamespaceClaimed
from contracts.events.store import STORE_RESPONDER
from eventlog.author import Author
from eventlog.ports import Conflict, Log, Unavailable
from eventlog.turns.inbox import Inbox

ATTEMPTS: Final = 50
AT_ONCE: Final = 500
"""Events of one append; the server takes a thousand."""
REMEMBERED: Final = 4096
"""Namespaces of which the end is known."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """Events that belong together.

    Attributes:
        user: who puts them, where a token proves it.
        stored: becomes the sequence of the last of them.
    """

    envelopes: Sequence[Envelope]
    user: str | None
    stored: asyncio.Future[int]


@dataclass(slots=True, eq=False)
class _Line:
    """What waits for one namespace, and where it ends; -1 for not known.

    Attributes:
        owner: whose it is, where the end is known.
    """

    key: str
    labels: Sequence[str]
    tail: int = -1
    owner: str | None = None
    waiting: list[_Waiting] = field(default_factory=list)
    task: asyncio.Task[None] | None = None


class Namespaces:
    """Appends to namespaces."""

    def __init__(self, log: Log, author: Author) -> None:
        self._log = log
        self._author = author
        self._inbox = Inbox(log, author)
        self._lines: OrderedDict[str, _Line] = OrderedDict()

    async def append(self, namespace: Sequence[str], events: Sequence[Event], user: str | None = None) -> int:
        """Append events, all or none; the sequence of the last.

        Args:
            user: who puts them, where a token proves it; a namespace with that label that is nobody's
                becomes this user's.

        Raises:
            LogError: if the log does not take them.
        """
        key = subjects.store(namespace)
        line = self._lines.setdefault(key, _Line(key, namespace))
        self._lines.move_to_end(key)
        envelopes = [self._author.envelope(key, event) for event in events]
        waiting = _Waiting(envelopes, user, asyncio.get_running_loop().create_future())
        line.waiting.append(waiting)
        if line.task is None:
            line.task = asyncio.create_task(self._drain(line))
            self._forget()
        return await waiting.stored

    async def tail(self, namespace: Sequence[str]) -> int:
        """Where a namespace ends, whoever has written to it."""
        return await self._log.tail(subjects.store(namespace))

    async def _drain(self, line: _Line) -> None:
        try:
            while line.waiting:
                taken = _taken(line.waiting)
                try:
                    last = await self._store(line, taken)
                except Exception as error:  # noqa: BLE001 - whoever waits for it is told
                    for one in _interested(taken):
                        one.stored.set_exception(error)
                except BaseException:
                    for one in [*taken, *line.waiting]:
                        one.stored.cancel()
                    raise
                else:
                    for one in _interested(taken):
                        one.stored.set_result(last)
        finally:
            line.task = None

    async def _store(self, line: _Line, taken: Sequence[_Waiting]) -> int:
        envelopes = [each for one in taken for each in one.envelopes]
        users = [one.user for one in taken if one.user in line.labels]
        for _ in range(ATTEMPTS):
            opening = await self._opening(line)
            owner = line.owner or next(iter(users), None)
            if owner and not line.owner:
                opening.append(self._author.envelope(line.key, NamespaceClaimed(owner=owner)))
            try:
                stored = await self._log.append([*opening, *envelopes], expected=line.tail)
            except Conflict:
                line.tail = -1
                continue
            except BaseException:
                line.tail = -1
                raise
            line.tail, line.owner = stored[-1].sequence, owner
            return line.tail
        raise Unavailable(f"{line.key}: others write to it all the time")

    async def _opening(self, line: _Line) -> list[Envelope]:
        """What a namespace begins with, where it has not begun; afterwards its end is known."""
        if line.tail > 0:
            return []
        line.tail, line.owner = await self._log.tail(line.key), None
        if line.tail and (begun := await self._inbox.standing(line.key)):
            claim = await self._log.last(line.key, NamespaceClaimed.type)
            if claim and claim.sequence > begun.sequence and isinstance(claim.event, NamespaceClaimed):
                line.owner = claim.event.owner
            return []
        start = ConversationStarted(responder_name=STORE_RESPONDER, protocol=STORE_RESPONDER)
        return [self._author.envelope(line.key, start)]

    def _forget(self) -> None:
        for key in list(self._lines):
            if len(self._lines) <= REMEMBERED:
                return
            if self._lines[key].task is None:
                del self._lines[key]


def _taken(waiting: list[_Waiting]) -> list[_Waiting]:
    """As many as one append takes, one at least, no longer in the line."""
    taken: list[_Waiting] = []
    count = 0
    while waiting and (not taken or count + len(waiting[0].envelopes) <= AT_ONCE):
        count += len(waiting[0].envelopes)
        taken.append(waiting.pop(0))
    return taken


def _interested(taken: Iterable[_Waiting]) -> Iterator[_Waiting]:
    """Those whose callers have not gone meanwhile."""
    return (one for one in taken if not one.stored.done())
