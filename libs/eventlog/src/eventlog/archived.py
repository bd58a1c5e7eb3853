"""Which conversations are archived, as every service looks it up.

A conversation that is archived has no event in the log. That it is, and how the projection lists it, stands
in stream ARCHIVE, many conversations a message, so that the server's memory does not grow with them.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from nats.aio.client import Client

from contracts import subjects
from eventlog.appending import EXPECTED, WRONG_SEQUENCE
from eventlog.cancelling import cancellable
from eventlog.outage import OUTAGE
from eventlog.ports import LogError, Unavailable
from eventlog.stored import StreamReader

ATTEMPTS: Final = 50
_HEADERS_ROOM: Final = 1024


@dataclass(frozen=True, slots=True)
class Archived:
    """A conversation that is in the archive.

    Attributes:
        sequence: of its `ConversationArchived`, the last event it had in the log.
        file: where it is within the archive.
        events: how many are in the file.
        listed: how the projection lists it.
    """

    sequence: int
    file: str
    events: int
    listed: Mapping[str, Any]


class ArchiveIndex:
    """Reads, and for the operator writes, what is archived."""

    def __init__(self, client: Client, timeout_seconds: float) -> None:
        self._client = client
        self._timeout = timeout_seconds
        self._reader = StreamReader(client, subjects.ARCHIVE_STREAM, timeout_seconds)

    async def find(self, conversation: str) -> Archived | None:
        """The conversation as it is archived, None if it is not. Raises `LogError`."""
        stored = await self._reader.last(subjects.archived(conversation))
        found = json.loads(stored.payload).get(conversation) if stored else None
        return Archived(**found) if found else None

    async def all(self) -> AsyncIterator[tuple[str, Archived]]:
        """Every archived conversation by its key, in no order. Raises `LogError`."""
        async for stored in self._reader.range(subjects.ARCHIVED_SUBJECTS, after=0):
            for conversation, found in json.loads(stored.payload).items():
                yield conversation, Archived(**found)

    async def position(self) -> int:
        """A number that grows with every change. Raises `LogError`."""
        return (await self._reader.state()).last

    async def put(self, conversation: str, archived: Archived, is_due: Callable[[], Awaitable[bool]]) -> None:
        """Note that a conversation is archived, unless it is not due any more: asked after what is there was
        read, so that a note that is late changes nothing. Raises `LogError`."""

        async def change(bucket: dict[str, Any]) -> bool:
            if not await is_due():
                return False
            bucket[conversation] = asdict(archived)
            return True

        await self._change(conversation, change)

    async def remove(self, conversation: str, sequence: int) -> None:
        """Note that a conversation is back that was archived at a sequence. Raises `LogError`."""

        async def change(bucket: dict[str, Any]) -> bool:
            found = bucket.get(conversation)
            if found is None or found["sequence"] != sequence:
                return False
            del bucket[conversation]
            return True

        await self._change(conversation, change)

    async def begin_return(self, conversation: str) -> None:
        """Note that a conversation is being brought back. Raises `LogError`."""
        subject = subjects.returning(conversation)
        await self._publish(subject, json.dumps({"conversation": conversation}).encode(), {})

    async def end_return(self, conversation: str) -> None:
        """Forget that note. Raises `LogError`."""
        body = {"filter": subjects.returning(conversation)}
        reply = await self._reader.request(f"$JS.API.STREAM.PURGE.{subjects.ARCHIVE_STREAM}", body)
        if error := json.loads(reply.data).get("error"):
            raise LogError(f"stream {subjects.ARCHIVE_STREAM}: {error.get('description')}")

    async def returning(self) -> list[str]:
        """The conversations that were being brought back when somebody was cut off. Raises `LogError`."""
        notes = self._reader.range(subjects.RETURNING_SUBJECTS, after=0)
        return [json.loads(note.payload)["conversation"] async for note in notes]

    async def _change(self, conversation: str, change: Callable[[dict[str, Any]], Awaitable[bool]]) -> None:
        subject = subjects.archived(conversation)
        for _ in range(ATTEMPTS):
            stored = await self._reader.last(subject)
            bucket: dict[str, Any] = json.loads(stored.payload) if stored else {}
            if not await change(bucket):
                return
            payload = json.dumps(bucket, ensure_ascii=False).encode()
            if len(payload) > self._client.max_payload - _HEADERS_ROOM:
                raise LogError(f"{subject} is full; no more conversations fit there")
            expected = {EXPECTED: str(stored.sequence if stored else 0)}
            if await self._publish(subject, payload, expected):
                return
        raise Unavailable(f"{subject} is too busy")

    async def _publish(self, subject: str, payload: bytes, headers: dict[str, str]) -> bool:
        """Whether it was stored; not if somebody else was first."""
        request = self._client.request(subject, payload, timeout=self._timeout, headers=headers or None)
        try:
            reply = await cancellable(request)
        except OUTAGE as error:
            raise Unavailable(f"{subject}: {error or type(error).__name__}") from error
        if refusal := json.loads(reply.data).get("error"):
            if refusal.get("err_code") in WRONG_SEQUENCE:
                return False
            raise LogError(f"{subject}: {refusal.get('description')}")
        return True
