"""One conversation as a file: JSON Lines, a header, an event a line as it is stored, and a digest.

Positions in the log are different in every installation. Those that events speak of (`places`) are rewritten
when a file is read in; everything else stays as it was. Large payloads are in the file as any others, and
kept audio is beside the event that speaks of it.
"""

import asyncio
import hashlib
import json
from base64 import b64decode, b64encode
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from nats.js.api import Header

from contracts import subjects
from contracts.envelope import ID, PAYLOAD_DIGEST, PAYLOAD_REFERENCE, TYPE
from contracts.events import (
    ENDS,
    REGISTERED,
    UPCASTERS,
    AnswerReceived,
    ConversationArchived,
    MessageReceived,
    RunRequested,
)
from contracts.registry import Registry
from eventlog.appending import EXPECTED, EXPECTED_FILTER, MAX_BATCH, Appender, Message, Outcome
from eventlog.archived import ArchiveIndex
from eventlog.broker import Broker
from eventlog.codec import PREVIOUS
from eventlog.jetstream import JetStreamLog
from eventlog.payloads import Payloads, recording
from eventlog.places import MORE, RELATIVE, RESTORED, WHOLE, absolute, moved
from eventlog.ports import LogError, Unavailable
from eventlog.settings import NatsSettings
from eventlog.stored import Stored, StreamReader

FORMAT: Final = 1
ATTEMPTS: Final = 50
PAUSE_SECONDS: Final = 0.02
_KEPT: Final = "ce-"
_WORK: Final = {MessageReceived.type, AnswerReceived.type, RunRequested.type}
_ENDED: Final = {event.type for event in ENDS}


class NotPortable(LogError):
    """A file that is not a whole conversation, or that cannot be brought in here."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a file.

    Attributes:
        sequence: its position where it comes from.
        subject: what follows the conversation in its subject.
        audio: what was spoken, empty unless it was kept.
    """

    sequence: int
    subject: str
    headers: dict[str, str]
    payload: dict[str, Any]
    audio: bytes = b""

    @property
    def type(self) -> str:
        return self.headers[TYPE]


@dataclass(frozen=True, slots=True)
class Places:
    """Where events are: their sequences in the file and here, side by side and ascending.

    Those `coming` follow each other here, nobody knows where; they are counted from one of them.
    """

    there: Sequence[int] = ()
    here: Sequence[int] = ()
    coming: Sequence[int] = ()

    def followed_by(self, there: Sequence[int], first: int) -> "Places":
        """These, and more that stand one behind the other here."""
        return Places([*self.there, *there], [*self.here, *range(first, first + len(there))])

    def of(self, there: int, own: int) -> int:
        """Where an event is, as the one at `own` in the file says it; 0 is before the first.

        Raises:
            NotPortable: if it is not in the file, or not before that one.
        """
        place = self.since(there, own)
        if not there:
            return place - 1
        known = self.there if place > 0 else self.coming
        if there > own or known[bisect_left(known, there)] != there:
            raise NotPortable(f"event {there} is spoken of and not in the file")
        return place

    def since(self, there: int, own: int) -> int:
        """Where the first event is that does not come before a position, but not behind `own`."""
        there = min(there, own)
        if (found := bisect_left(self.there, there)) < len(self.there):
            return self.here[found]
        return bisect_left(self.coming, there) - bisect_left(self.coming, own)


async def written(
    conversation: str, events: AsyncIterator[tuple[Stored, bytes, bytes]]
) -> AsyncIterator[str]:
    """The lines of the file, without line ends; `events` are stored messages, their payloads and audio."""
    digest = hashlib.sha256()
    count = 0
    prefix = len(subjects.conversation(conversation)) - 1
    header = {"parley": "conversation", "format": FORMAT, "conversation": conversation}
    yield _line(header, digest)
    async for stored, payload, audio in events:
        kept = {
            name: value
            for name, value in stored.headers.items()
            if name.startswith(_KEPT) and name not in (PAYLOAD_REFERENCE, PAYLOAD_DIGEST)
        }
        count += 1
        event = {"sequence": stored.sequence, "subject": stored.subject[prefix:], "headers": kept}
        said = absolute(stored.headers, stored.headers[TYPE], json.loads(payload), stored.sequence)
        beside = {"audio": b64encode(audio).decode()} if audio else {}
        yield _line(event | {"payload": said} | beside, digest)
    yield json.dumps({"events": count, "digest": f"sha256:{digest.hexdigest()}"})


def _line(entry: Mapping[str, Any], digest: "hashlib._Hash") -> str:
    line = json.dumps(entry, ensure_ascii=False)
    digest.update(f"{line}\n".encode())
    return line


def read(lines: Sequence[str]) -> tuple[str, list[Line]]:
    """The conversation key and the events of a file.

    Raises:
        NotPortable: if it is no such file, or not as it was written.
    """
    try:
        header, *events, trailer = [json.loads(line) for line in lines]
        key = subjects.check_any_key(header["conversation"])
        known = header["parley"] == "conversation" and header["format"] == FORMAT
        found = [
            Line(e["sequence"], e["subject"], e["headers"], e["payload"], b64decode(e.get("audio", "")))
            for e in events
        ]
        wanted, count = trailer["digest"], trailer["events"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotPortable(f"not an exported conversation: {error}") from error
    if not known:
        raise NotPortable(f"format {header['format']!r} is not known here")
    digest = hashlib.sha256("".join(f"{line.rstrip()}\n" for line in lines[:-1]).encode())
    if count != len(found) or wanted != f"sha256:{digest.hexdigest()}":
        raise NotPortable("the file is not as it was written: its digest does not fit")
    return key, found


def batches(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Cut where nothing said is unanswered, so that no responder takes up what was answered long ago.

    Raises:
        NotPortable: if there is no such place within a batch.
    """
    start, cut, open_work = 0, 0, 0
    for number, line in enumerate(lines, start=1):
        open_work += (line.type in _WORK) - (line.type in _ENDED)
        if open_work <= 0:
            cut = number
        if number - start == MAX_BATCH:
            if cut <= start:
                raise NotPortable(f"one turn has more than {MAX_BATCH} events")
            yield lines[start:cut]
            start = cut
    yield lines[start:]


def has_open_work(lines: Sequence[Line]) -> bool:
    """Whether something that was said may not have been answered."""
    return sum((line.type in _WORK) - (line.type in _ENDED) for line in lines) > 0


class Porter:
    """Writes conversations out of the log and reads them in, over a started broker."""

    def __init__(self, broker: Broker, settings: NatsSettings) -> None:
        self._payloads = Payloads(broker.client, settings.request_timeout)
        self._reader = StreamReader(broker.client, subjects.LOG_STREAM, settings.request_timeout)
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
            async for stored in self._reader.range(subjects.conversation(conversation), after=0):
                if stored.sequence > until or stored.headers.get(TYPE) == ConversationArchived.type:
                    return
                payload = await self._payloads.get(stored.headers, stored.payload)
                name = recording(stored.headers, payload)
                yield stored, payload, await self._payloads.kept(name) if name else b""

        async for line in written(conversation, events()):
            yield line

    async def importing(self, lines: Sequence[str]) -> tuple[str, int]:
        """Append the conversation of a file, or the rest of it; its key and how many events it has.

        Raises:
            NotPortable: if the file is not whole, or its key is in use here.
            LogError: if the log does not take it.
        """
        key, events = read(lines)
        newest = await self._reader.last(subjects.conversation(key))
        if (newest and newest.headers.get(RESTORED) != MORE) or await self._index.find(key):
            raise NotPortable(f"conversation {key!r} is in use here; erase it first")
        await self.restore(key, events)
        return key, len(events)

    async def restore(self, key: str, events: Sequence[Line]) -> int:
        """Append what is not here yet of a conversation, how much that was. Any number may do so at once.

        Raises:
            NotPortable: if something else is here under its key.
            LogError: if the log does not take it.
        """
        parts = [part for part in batches(events) if part]
        places = await self._present(key, events)
        had, failures = len(places.here), 0
        while (done := len(places.here)) < len(events):
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
        async for stored in self._reader.range(subjects.conversation(key), after=0):
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


def placed(line: Line, places: Places) -> dict[str, Any]:
    """The payload with the positions it speaks of as they are here."""
    own = line.sequence
    return moved(
        line.type,
        line.payload,
        lambda there: places.of(there, own),
        lambda there: places.since(there, own),
    )
