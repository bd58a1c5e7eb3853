"""One conversation as a file: JSON Lines, a header, an event a line as it is stored, and a digest.

Positions in the log are different in every installation. Those that events speak of (`message_sequence`
of a run, `base` of a checkpoint) are rewritten when a file is read in; everything else stays as it was.
Large payloads are in the file as any others, and kept audio is beside the event that speaks of it.
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
    CheckpointSaved,
    MessageReceived,
    NodeCompleted,
)
from contracts.registry import Registry
from eventlog.appending import EXPECTED, EXPECTED_FILTER, MAX_BATCH, Appender, Message, Outcome
from eventlog.broker import Broker
from eventlog.codec import PREVIOUS
from eventlog.jetstream import JetStreamLog
from eventlog.payloads import Payloads, recording
from eventlog.ports import LogError, Unavailable
from eventlog.settings import NatsSettings
from eventlog.stored import Stored, StreamReader

FORMAT: Final = 1
ATTEMPTS: Final = 50
PAUSE_SECONDS: Final = 0.02
EXPECTED_OF_STREAM: Final = "Nats-Expected-Last-Sequence"
_KEPT: Final = "ce-"
_WORK: Final = {MessageReceived.type, AnswerReceived.type}
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
    """Where events are: their sequences in the file and here, side by side and ascending."""

    there: Sequence[int] = ()
    here: Sequence[int] = ()

    def followed_by(self, there: Sequence[int], first: int) -> "Places":
        """These, and more that stand one behind the other here."""
        return Places([*self.there, *there], [*self.here, *range(first, first + len(there))])

    def of(self, there: int) -> int:
        """Where an event is.

        Raises:
            NotPortable: if it is not in the file.
        """
        found = bisect_left(self.there, there)
        if found == len(self.there) or self.there[found] != there:
            raise NotPortable(f"event {there} is spoken of and not in the file")
        return self.here[found]

    def since(self, there: int) -> int:
        """Where the first event is that does not come before a position; there has to be one."""
        return self.here[bisect_left(self.there, there)]


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
        beside = {"audio": b64encode(audio).decode()} if audio else {}
        yield _line(event | {"payload": json.loads(payload)} | beside, digest)
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


class Porter:
    """Writes conversations out of the log and reads them in, over a started broker."""

    def __init__(self, broker: Broker, settings: NatsSettings) -> None:
        self._payloads = Payloads(broker.client, settings.request_timeout)
        self._reader = StreamReader(broker.client, subjects.LOG_STREAM, settings.request_timeout)
        log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
        self._next, self._tail = log.next, log.tail
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
                if stored.sequence > until:
                    return
                payload = await self._payloads.get(stored.headers, stored.payload)
                name = recording(stored.headers, payload)
                yield stored, payload, await self._payloads.kept(name) if name else b""

        async for line in written(conversation, events()):
            yield line

    async def importing(self, lines: Sequence[str]) -> tuple[str, int]:
        """Append the conversation of a file; its key and how many events it has.

        Raises:
            NotPortable: if the file is not whole, or its key is in use here.
            LogError: if the log does not take it.
        """
        key, events = read(lines)
        if await self._tail(key):
            raise NotPortable(f"conversation {key!r} is in use here; erase it first")
        for line in events:
            if line.audio:
                await self._payloads.keep(line.audio)
        places = Places()
        for batch in batches(events):
            if batch:
                places = await self._append(key, batch, places)
        return key, len(events)

    async def _append(self, key: str, batch: Sequence[Line], places: Places) -> Places:
        """Append a batch, guarded by the whole log's end: its events name their places, which are added."""
        expected = places.here[-1] if places.here else 0
        problem = "the log is too busy"
        for _ in range(ATTEMPTS):
            first = (await self._reader.state()).last + 1
            longer = places.followed_by([line.sequence for line in batch], first)
            messages = [await self._message(key, line, longer) for line in batch]
            messages[0].headers.update(
                {
                    PREVIOUS: str(expected),
                    EXPECTED: str(expected),
                    EXPECTED_FILTER: subjects.conversation(key),
                    EXPECTED_OF_STREAM: str(first - 1),
                }
            )
            outcome, sequence, problem = await self._appender.publish(messages)
            if outcome is Outcome.LOOK and (found := await self._next(key, ">", after=expected)):
                if found.id != batch[0].headers[ID] or found.sequence != first:
                    raise NotPortable(f"conversation {key!r} came into use here meanwhile")
                return longer
            if sequence:
                return longer
            await asyncio.sleep(PAUSE_SECONDS)
        raise Unavailable(f"conversation {key!r}: {problem}")

    async def _message(self, key: str, line: Line, places: Places) -> Message:
        payload = json.dumps(placed(line, places), ensure_ascii=False).encode()
        reference, payload = await self._payloads.put(payload)
        unique = {Header.MSG_ID: f"{uuid4()}"}  # the same event may have been here minutes ago
        subject = subjects.event(key, line.subject)
        return Message(subject, line.headers | reference | unique, payload)


def placed(line: Line, places: Places) -> dict[str, Any]:
    """The payload with the positions it speaks of as they are here."""
    payload = dict(line.payload)
    if (said := payload.get("message_sequence")) is not None:
        payload["message_sequence"] = places.of(said)
    if line.type == CheckpointSaved.type:
        return _rebased(payload, line, places)
    if line.type == NodeCompleted.type and "checkpoints" in payload:
        payload["checkpoints"] = [_rebased(carried, line, places) for carried in payload["checkpoints"]]
    return payload


def _rebased(checkpoint: dict[str, Any], line: Line, places: Places) -> dict[str, Any]:
    """A checkpoint with its `base` here. That is a lower bound and may lie between events, so the next
    event stands for it."""
    return checkpoint | {"base": places.since(min(checkpoint["base"], line.sequence))}
