"""Writes conversations out of the log as files and brings them in; `portable` is what a file is."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Final
from uuid import uuid4

from nats.js.api import Header

from contracts import subjects
from contracts.envelope import ID, TYPE
from contracts.events import REGISTERED, UPCASTERS, ConversationArchived
from contracts.registry import Registry
from eventlog.admin.portable import Line, NotPortable, Places, batches, placed, read, written
from eventlog.appending import EXPECTED, EXPECTED_FILTER, Appender, Message, Outcome
from eventlog.archived import ArchiveIndex
from eventlog.broker import Broker
from eventlog.codec import PREVIOUS
from eventlog.jetstream import JetStreamLog
from eventlog.payloads import Payloads, recording
from eventlog.places import MORE, RELATIVE, RESTORED, WHOLE
from eventlog.ports import Unavailable
from eventlog.settings import NatsSettings
from eventlog.stored import LogReader, Stored

ATTEMPTS: Final = 50
PAUSE_SECONDS: Final = 0.02


class Porter:
    """Writes conversations out of the log and reads them in, over a started broker."""

    def __init__(self, broker: Broker, settings: NatsSettings) -> None:
        self._payloads = Payloads(broker.client, settings.request_timeout)
        self._reader = LogReader(broker.client, broker.streams, settings.request_timeout)
        self._index = ArchiveIndex(broker.client, settings.request_timeout)
        log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings, returns=False)
        self._tail = log.tail
        self._appender = Appender(
            broker.client,
            self._payloads,
            lambda conversation, after: log.next(conversation, ">", after=after),
            log.tail,
            request_timeout=settings.request_timeout,
            deadline=settings.append_deadline,
        )

    async def write(self, conversation: str) -> AsyncIterator[str]:
        """The lines of a conversation's file; of one that has no events, a header and a digest."""

        async def events() -> AsyncIterator[tuple[Stored, bytes, bytes]]:
            until = await self._tail(conversation)
            reader = self._reader.of(conversation)
            async for stored in reader.range(subjects.conversation(conversation), after=0):
                if stored.sequence > until or stored.headers.get(TYPE) == ConversationArchived.type:
                    return
                payload = await self._payloads.get(stored.headers, stored.payload)
                name = recording(stored.headers, payload)
                yield stored, payload, await self._payloads.kept(name) if name else b""

        async for line in written(conversation, events()):
            yield line

    async def importing(
        self, lines: Sequence[str], tell: Callable[[int], None] = lambda _: None
    ) -> tuple[str, int]:
        """Append the conversation of a file, or the rest of it; its key and how many events it has.

        Args:
            tell: is told how many of them are here, again and again.

        Raises:
            NotPortable: if the file is not whole, or its key is in use here.
            LogError: if the log does not take it.
        """
        key, events = read(lines)
        newest = await self._reader.of(key).last(subjects.conversation(key))
        if (newest and newest.headers.get(RESTORED) != MORE) or await self._index.find(key):
            raise NotPortable(f"conversation {key!r} is in use here; erase it first")
        await self.restore(key, events, tell)
        return key, len(events)

    async def restore(
        self,
        key: str,
        events: Sequence[Line],
        tell: Callable[[int], None] = lambda _: None,
        *,
        cut: Callable[[Sequence[Line]], Iterator[Sequence[Line]]] = batches,
    ) -> int:
        """Append what is not here yet of a conversation, how much that was. Any number may do so at once.

        Args:
            tell: is told how many are here, again and again.
            cut: gives what is appended together.

        Raises:
            NotPortable: if something else is here under its key.
            LogError: if the log does not take it.
        """
        parts = [part for part in cut(events) if part]
        places = await self._present(key, events)
        had, failures = len(places.here), 0
        while (done := len(places.here)) < len(events):
            tell(done)
            part = next((part for part in parts if part[0] is events[done]), None)
            if part is None:
                raise NotPortable(f"a part of conversation {key!r} is here; erase it first")
            for line in part:
                if line.audio:
                    await self._payloads.keep(line.audio)
            first, problem = await self._append(key, part, places, more=part is not parts[-1])
            if first:
                places = places.followed_by([line.sequence for line in part], first)
                continue
            if (failures := failures + 1) == ATTEMPTS:
                raise Unavailable(f"conversation {key!r}: {problem}")
            await asyncio.sleep(PAUSE_SECONDS)
            places = await self._present(key, events)
        return len(events) - had

    async def _present(self, key: str, events: Sequence[Line]) -> Places:
        """Where the first events of a file are here already."""
        here: list[int] = []
        async for stored in self._reader.of(key).range(subjects.conversation(key), after=0):
            if len(here) == len(events):
                break  # whole, and gone on since
            if stored.headers.get(ID) != events[len(here)].headers[ID]:
                raise NotPortable(f"conversation {key!r} is in use here; erase it first")
            here.append(stored.sequence)
        return Places([line.sequence for line in events[: len(here)]], here)

    async def _append(self, key: str, part: Sequence[Line], places: Places, *, more: bool) -> tuple[int, str]:
        """Append a batch behind the events that are here: its first sequence, 0 if it is to be looked what is
        here, and what the server said."""
        expected = str(places.here[-1] if places.here else 0)
        coming = Places(places.there, places.here, [line.sequence for line in part])
        messages = [await self._message(key, line, coming, more=more) for line in part]
        guard = {PREVIOUS: expected, EXPECTED: expected, EXPECTED_FILTER: subjects.conversation(key)}
        messages[0].headers.update(guard)
        outcome, sequence, problem = await self._appender.publish(messages)
        return sequence if outcome is Outcome.STORED else 0, problem

    async def _message(self, key: str, line: Line, places: Places, *, more: bool) -> Message:
        payload = json.dumps(placed(line, places), ensure_ascii=False).encode()
        reference, payload = await self._payloads.put(payload)
        marks = {
            Header.MSG_ID: f"{uuid4()}",  # the same event may have been here minutes ago
            RESTORED: MORE if more else WHOLE,
            RELATIVE: "yes",
        }
        subject = subjects.event(key, line.subject)
        return Message(subject, line.headers | reference | marks, payload)
