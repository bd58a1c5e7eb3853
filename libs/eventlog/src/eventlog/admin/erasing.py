"""Removes a conversation for good: its events, live deltas, dead letters, large payloads and audio.

The deletion is appended first and has to be projected, so that no table keeps what the log has lost.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from nats.js.errors import NotFoundError, ObjectNotFoundError

from contracts import subjects
from contracts.envelope import PAYLOAD_REFERENCE
from contracts.events import REGISTERED, UPCASTERS
from contracts.queries import SESSION, SessionFound, SessionQuery
from contracts.registry import Registry
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.payloads import recording
from eventlog.ports import LogError
from eventlog.query import Refused, ask
from eventlog.settings import NatsSettings
from eventlog.stored import Stored, StreamReader
from eventlog.turns.inbox import Inbox

PROJECTED_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was removed; audio counts among the payloads."""

    events: int
    deltas: int
    dead_letters: int
    payloads: int


async def erase(broker: Broker, settings: NatsSettings, conversation: str) -> Erased:
    """Remove everything that the streams hold of a conversation.

    Raises:
        LogError: if the projections have not seen the deletion, and nothing was removed; or if the
            server refuses.
    """
    log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
    await Inbox(log, Author(source="parley")).delete(conversation)
    if tail := await log.tail(conversation):
        await _projected(broker, conversation, tail)
    reader = StreamReader(broker.client, subjects.LOG_STREAM, settings.request_timeout)
    own = await _references(reader, subjects.conversation(conversation))
    dead = f"dead.*.{subjects.shard(conversation)}.{subjects.encode_key(conversation)}"
    erased = Erased(
        events=await _purge(reader, subjects.LOG_STREAM, subjects.conversation(conversation)),
        deltas=await _purge(reader, subjects.LIVE_STREAM, subjects.live(conversation)),
        dead_letters=await _purge(reader, subjects.DEAD_STREAM, dead),
        payloads=len(unshared := own - await _references(reader, subjects.LOG_SUBJECTS) if own else own),
    )
    if unshared:
        bucket = await broker.client.jetstream().object_store(subjects.PAYLOAD_BUCKET)
        for name in unshared:
            try:
                await bucket.delete(name)
            except (NotFoundError, ObjectNotFoundError):
                continue  # by an erasure that was cut off
    return erased


async def _projected(broker: Broker, conversation: str, sequence: int) -> None:
    question = SessionQuery(conversation=conversation, at_least=sequence)
    try:
        found = await ask(broker, SESSION, question, SessionFound, timeout_seconds=PROJECTED_SECONDS)
    except Refused as refused:
        raise LogError(f"the projections have not seen the deletion: {refused}") from refused
    if found.session is not None:
        raise LogError("the conversation came into use again")


async def _references(reader: StreamReader, subject: str) -> set[str]:
    """The large payloads and the audio that events refer to."""
    return {name async for stored in reader.range(subject, after=0) if (name := _reference(stored))}


def _reference(stored: Stored) -> str | None:
    if reference := stored.headers.get(PAYLOAD_REFERENCE):
        return reference.rsplit("/", 1)[-1]
    return recording(stored.headers, stored.payload)


async def _purge(reader: StreamReader, stream: str, subject: str) -> int:
    """How many messages of a stream were removed."""
    reply = await reader.request(f"$JS.API.STREAM.PURGE.{stream}", {"filter": subject})
    answer: dict[str, Any] = json.loads(reply.data)
    if error := answer.get("error"):
        raise LogError(f"stream {stream}: {error.get('description')}")
    return int(answer["purged"])
