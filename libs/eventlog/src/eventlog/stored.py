"""Reading stored messages of a stream: single gets from the leader, ranges by batched direct get.

Source: NATS ADR-31 (direct get, batched).
"""

import asyncio
import json
import logging
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping, Sized
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from contracts import subjects
from eventlog import sharding
from eventlog.cancelling import cancellable
from eventlog.codec import SEQUENCE, STREAM, SUBJECT
from eventlog.outage import OUTAGE
from eventlog.ports import LogError, LogState, Unavailable

logger = logging.getLogger(__name__)

BATCH = 256
FEWEST = 2
"""A request for one message is answered without how many there are behind it."""
STREAM_NOT_FOUND = 10059
_NOT_FOUND = 10037
_PASSING = frozenset({408, 429, 500, 503})
"""Refusals that are of the moment: no leader, too much at once."""


class NoStream(LogError):
    """There is no such stream."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as a stream holds it."""

    subject: str
    sequence: int
    headers: Mapping[str, str]
    payload: bytes


def from_headers(message: Msg) -> Stored:
    """A message that carries its place in the stream in its headers: republished, or by direct get."""
    headers = message.headers or {}
    return Stored(headers[SUBJECT], int(headers[SEQUENCE]), headers, message.data)


def from_republished(message: Msg) -> Stored | None:
    """A republished message of the log; None for anything else that somebody made appear on its subject."""
    headers = message.headers or {}
    stored = headers.get(SUBJECT, "")
    sequence = headers.get(SEQUENCE, "")
    own = sequence.isdecimal() and headers.get(STREAM) == sharding.name(sharding.stream_at(int(sequence)))
    if not own or message.subject != subjects.republished(stored):
        logger.warning("a message on %s is not of the log, and not heeded", message.subject)
        return None
    return from_headers(message)


def from_delivery(message: Msg) -> Stored:
    """A message that a durable consumer delivered."""
    return Stored(message.subject, message.metadata.sequence.stream, message.headers or {}, message.data)


class StreamReader:
    """Reads one stream.

    Attributes:
        stream: its name.
    """

    def __init__(self, client: Client, stream: str, timeout_seconds: float) -> None:
        self.stream = stream
        self._client = client
        self._timeout = timeout_seconds

    async def request(self, subject: str, body: Mapping[str, object]) -> Msg:
        """One request to the JetStream API.

        Raises:
            Unavailable: if there was no answer in time.
        """
        try:
            return await cancellable(
                self._client.request(subject, json.dumps(body).encode(), timeout=self._timeout)
            )
        except OUTAGE as error:
            raise Unavailable(f"stream {self.stream}: {error or type(error).__name__}") from error

    async def last(self, subject: str) -> Stored | None:
        """The newest message on a subject or wildcard, as the leader has it."""
        return await self._get({"last_by_subj": subject})

    async def next(self, subject: str, *, after: int) -> Stored | None:
        """The oldest message behind a sequence on a subject or wildcard, as the leader has it."""
        return await self._get({"seq": after + 1, "next_by_subj": subject})

    async def since(self, subject: str, moment: datetime) -> Stored | None:
        """The oldest message that was stored at a time or later, up to the replica's last."""
        body = {"start_time": moment.astimezone(UTC).isoformat(), "next_by_subj": subject, "batch": 1}
        batch, _ = await self._direct(body)
        return batch[0] if batch else None

    async def at(self, sequence: int) -> Stored | None:
        """The message at a sequence, as the leader has it."""
        return await self._get({"seq": sequence})

    async def state(self) -> LogState:
        """When the stream was made, and its last sequence, as the leader has it."""
        reply = await self.request(f"$JS.API.STREAM.INFO.{self.stream}", {})
        answer = _answer(reply.data)
        return LogState(made=str(answer["created"]), last=int(answer["state"]["last_seq"]))

    async def _get(self, body: Mapping[str, object]) -> Stored | None:
        reply = await self.request(f"$JS.API.STREAM.MSG.GET.{self.stream}", body)
        answer = json.loads(reply.data)
        if answer.get("error", {}).get("err_code") == _NOT_FOUND:
            return None
        message = _answer(reply.data)["message"]
        return Stored(
            subject=message["subject"],
            sequence=message["seq"],
            headers=_parse_headers(b64decode(message.get("hdrs", ""))),
            payload=b64decode(message.get("data", "")),
        )

    async def range(self, subject: str, *, after: int) -> AsyncIterator[Stored]:
        """The messages behind a sequence on a subject or wildcard, up to the replica's last.

        A replica that answers may lag behind the leader; a caller that knows what must be there checks.
        """
        pending = 1
        while pending:
            batch, pending = await self._batch(subject, after)
            for stored in batch:
                yield stored
                after = stored.sequence

    async def count(self, subject: str, *, after: int) -> int:
        """How many messages there are behind a sequence on a subject or wildcard, as a replica has it."""
        body = {"seq": after + 1, "next_by_subj": subject, "batch": FEWEST}
        batch, pending = await self._direct(body)
        return len(batch) + pending

    async def _batch(self, subject: str, after: int) -> tuple[list[Stored], int]:
        return await self._direct({"seq": after + 1, "next_by_subj": subject, "batch": BATCH})

    async def _direct(self, body: Mapping[str, object]) -> tuple[list[Stored], int]:
        """The messages that a direct get gives, and how many more there are."""
        inbox = self._client.new_inbox()
        received: list[Msg] = []
        ended = asyncio.Event()

        async def receive(message: Msg) -> None:
            """Called for each message, which costs half of what asking for each does."""
            received.append(message)
            if message.headers and "Status" in message.headers:
                ended.set()

        try:
            subscription = await self._client.subscribe(inbox, cb=receive)
            try:
                await self._client.publish(
                    f"$JS.API.DIRECT.GET.{self.stream}", json.dumps(body).encode(), reply=inbox
                )
                await self._until(ended, received)
            finally:
                await subscription.unsubscribe()
        except OUTAGE as error:
            raise Unavailable(f"stream {self.stream}: {error or type(error).__name__}") from error
        *messages, end = received
        batch = [from_headers(message) for message in messages]
        headers = end.headers or {}
        match headers["Status"]:
            case "204":
                return batch, int(headers.get("Nats-Num-Pending", "0"))
            case "404":
                return batch, 0
            case status:
                kind = Unavailable if int(status) in _PASSING else LogError
                raise kind(f"stream {self.stream}: {status} {headers.get('Description', '')}")

    async def _until(self, ended: asyncio.Event, received: Sized) -> None:
        """Wait as long as something comes in time.

        Raises:
            TimeoutError: if nothing does.
        """
        while not ended.is_set():
            before = len(received)
            try:
                async with asyncio.timeout(self._timeout):
                    await ended.wait()
            except TimeoutError:
                if len(received) == before:
                    raise


class LogReader:
    """Reads the streams of the log, each conversation from the one that it is in."""

    def __init__(self, client: Client, streams: int, timeout_seconds: float) -> None:
        self.streams = tuple(
            StreamReader(client, sharding.name(stream), timeout_seconds) for stream in range(streams)
        )

    def of(self, conversation: str) -> StreamReader:
        """The stream of a conversation."""
        return self.streams[sharding.stream_of(conversation, len(self.streams))]

    def at(self, position: int) -> StreamReader:
        """The stream of a position.

        Raises:
            NoStream: if the log has not so many.
        """
        stream = sharding.stream_at(position)
        if stream >= len(self.streams):
            raise NoStream(f"position {position} is of stream {sharding.name(stream)}, which there is not")
        return self.streams[stream]


def _answer(data: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(data)
    if error := answer.get("error"):
        kind = Unavailable if error.get("code") in _PASSING else LogError
        if error.get("err_code") == STREAM_NOT_FOUND:
            kind = NoStream
        raise kind(f"{error.get('description')} ({error.get('err_code')})")
    return answer


def _parse_headers(raw: bytes) -> dict[str, str]:
    lines = raw.decode().split("\r\n")[1:]
    return dict(line.split(": ", 1) for line in lines if line)
