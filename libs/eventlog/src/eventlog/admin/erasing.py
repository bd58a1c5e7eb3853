"""Removes conversations for good: their events, live deltas, dead letters, large payloads and audio.

The deletion is appended first and has to be projected, so that no table keeps what the log has lost.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts import subjects
from contracts.envelope import PAYLOAD_REFERENCE
from contracts.events import REGISTERED, UPCASTERS
from contracts.queries import SESSION, SessionFound, SessionQuery
from contracts.registry import Registry
from eventlog import sharding
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.payloads import Payloads, chunks_of, description_of, recording
from eventlog.ports import LogError
from eventlog.query import Refused, ask
from eventlog.settings import NatsSettings
from eventlog.stored import LogReader, Stored, StreamReader
from eventlog.turns.inbox import Inbox

PROJECTED_SECONDS: Final = 10.0


class Unknown(LogError):
    """There is no such conversation."""


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was removed; audio counts among the payloads, and `files` are those of the archive."""

    events: int
    deltas: int
    dead_letters: int
    payloads: int
    files: int = 0

    @property
    def anything(self) -> bool:
        """Whether there was anything to remove."""
        return any((self.events, self.deltas, self.dead_letters, self.payloads, self.files))


@dataclass(frozen=True, slots=True)
class Deletion:
    """A conversation up to the event of its deletion; its key may have come into use again since."""

    conversation: str
    sequence: int


async def erase(broker: Broker, settings: NatsSettings, conversation: str) -> Erased:
    """Remove everything that the streams hold of a conversation, which is not archived.

    All that it needs is tried before the one event of the deletion is appended.

    Raises:
        Unknown: if there is no such conversation.
        LogError: if there are no projections, and nothing was done; if they have not seen the deletion, and
            nothing was removed; or if the server refuses.
    """
    log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings, returns=False)
    if not (before := await log.tail(conversation)):
        raise Unknown(f"there is no conversation {conversation!r}")
    await projected(broker, conversation, before)
    await Inbox(log, Author(source="parley")).delete(conversation)
    tail = await log.tail(conversation)
    if tail and (await projected(broker, conversation, tail)).session is not None:
        raise LogError("the conversation came into use again")
    return await remove(broker, settings, [Deletion(conversation, tail)])


async def purge(broker: Broker, settings: NatsSettings, deletions: Sequence[Deletion]) -> Erased:
    """Remove what was deleted before; what was said under the same keys since stays. Raises as `erase`."""
    await projected(broker, deletions[0].conversation, *(deletion.sequence for deletion in deletions))
    return await remove(broker, settings, deletions)


async def remove(broker: Broker, settings: NatsSettings, deletions: Sequence[Deletion]) -> Erased:
    """Purge conversations, each up to an event. Raises `LogError`."""
    log = LogReader(broker.client, broker.streams, settings.request_timeout)
    own: set[str] = set()
    events = deltas = dead_letters = 0
    for each in deletions:
        subject = subjects.conversation(each.conversation)
        reader = log.of(each.conversation)
        own |= await _references(reader, subject, until=each.sequence)
        events += await purge_subject(reader, reader.stream, subject, until=each.sequence)
        if await reader.last(subject) is None:  # else these may belong to what came after the deletion
            dead = subjects.dead("*", each.conversation)
            deltas += await purge_subject(reader, subjects.LIVE_STREAM, subjects.live(each.conversation))
            dead_letters += await purge_subject(reader, subjects.DEAD_STREAM, dead)
    payloads = await _remove_payloads(broker, settings, log, own) if own else 0
    return Erased(events=events, deltas=deltas, dead_letters=dead_letters, payloads=payloads)


async def _remove_payloads(broker: Broker, settings: NatsSettings, log: LogReader, names: set[str]) -> int:
    """Remove the payloads that no event refers to any more, how many.

    The same bytes may be said again in this moment. Who appends them looks whether they are there after the
    log has the event; so what the log names only after the removal is kept anew there, and what it names
    before is put back here.
    """
    payloads = Payloads(broker.client, settings.request_timeout)
    stored = StreamReader(broker.client, subjects.PAYLOAD_STREAM, settings.request_timeout)
    stood = [await each.last(subjects.LOG_SUBJECTS) for each in log.streams]
    unshared = set(names)
    for each in log.streams:
        unshared -= await _references(each, subjects.LOG_SUBJECTS)
    removed = 0
    for name in unshared:
        if not await payloads.holds(name):
            continue  # it went by an erasure that was cut off
        content = await payloads.kept(name)
        descriptions = [each async for each in stored.range(description_of(name), after=0)]
        await purge_subject(stored, subjects.PAYLOAD_STREAM, description_of(name))
        for description in descriptions:
            nuid = json.loads(description.payload)["nuid"]
            await purge_subject(stored, subjects.PAYLOAD_STREAM, chunks_of(nuid))
        for each, newest in zip(log.streams, stood, strict=True):
            after = newest.sequence if newest else 0
            if name in await _references(each, subjects.LOG_SUBJECTS, after=after):
                await payloads.keep(content)
                break
        else:
            removed += 1
    return removed


async def projected(broker: Broker, conversation: str, *sequences: int) -> SessionFound:
    """The conversation as the projection lists it once it has seen some events.

    Raises:
        LogError: if it does not see it in time.
    """
    question = SessionQuery(conversation=conversation, at_least=sharding.newest(sequences))
    try:
        return await ask(broker, SESSION, question, SessionFound, timeout_seconds=PROJECTED_SECONDS)
    except Refused as refused:
        raise LogError(f"the projections have not seen the deletion: {refused}") from refused


async def _references(
    reader: StreamReader, subject: str, *, after: int = 0, until: int | None = None
) -> set[str]:
    """The large payloads and the audio that events refer to."""
    found: set[str] = set()
    async for stored in reader.range(subject, after=after):
        if until is not None and stored.sequence > until:
            break
        if name := _reference(stored):
            found.add(name)
    return found


def _reference(stored: Stored) -> str | None:
    if reference := stored.headers.get(PAYLOAD_REFERENCE):
        return reference.rsplit("/", 1)[-1]
    return recording(stored.headers, stored.payload)


async def purge_subject(reader: StreamReader, stream: str, subject: str, *, until: int = 0) -> int:
    """How many messages of a stream were removed, those up to a sequence or all. Raises `LogError`."""
    up_to = {"seq": until + 1} if until else {}
    reply = await reader.request(f"$JS.API.STREAM.PURGE.{stream}", {"filter": subject, **up_to})
    answer: dict[str, Any] = json.loads(reply.data)
    if error := answer.get("error"):
        raise LogError(f"stream {stream}: {error.get('description')}")
    return int(answer["purged"])
