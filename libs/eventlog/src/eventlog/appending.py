"""The one way to append: guarded by the conversation's last sequence, all or none.

Source: NATS ADR-50 (atomic batch publishing) and the headers of optimistic concurrency control.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final
from uuid import uuid4

from nats.aio.client import Client

from chassis.backoff import delays
from contracts import subjects
from contracts.envelope import Envelope, Recorded
from eventlog.cancelling import cancellable
from eventlog.codec import PREVIOUS, encode, is_same, recorded
from eventlog.outage import OUTAGE
from eventlog.payloads import Payloads
from eventlog.ports import Conflict, Full, LogError, Unavailable

MAX_BATCH: Final = 1000
CONCURRENT_BATCHES: Final = 16
EXPECTED: Final = "Nats-Expected-Last-Subject-Sequence"
EXPECTED_FILTER: Final = "Nats-Expected-Last-Subject-Sequence-Subject"

WRONG_SEQUENCE: Final = frozenset({10071, 10164})
"""The server's codes for a message whose `EXPECTED` is not so."""
_DUPLICATE_IN_BATCH = 10201
_IN_PROCESS = 10158
"""A message with this id is on its way to the replicas: soon it is a duplicate, or never stored."""
_INCOMPLETE_BATCH = 10176
_STORE_FAILED = 10077
_RETRIED_CODES = frozenset({429, 500, 503})


class Outcome(Enum):
    """What came of one try."""

    STORED = auto()
    LOOK = auto()
    """The events are there already, or somebody else's are, or nobody knows: the log has to be read."""
    RETRY = auto()


@dataclass(frozen=True, slots=True)
class Message:
    """One event as it is published."""

    subject: str
    headers: dict[str, str]
    payload: bytes


class Appender:
    """Appends to LOG over one connection."""

    def __init__(
        self,
        client: Client,
        payloads: Payloads,
        next_event: Callable[[str, int], Awaitable[Recorded | None]],
        tail: Callable[[str], Awaitable[int]],
        *,
        request_timeout: float,
        deadline: float,
    ) -> None:
        """`next_event` gives the first event of a conversation behind a sequence, as the leader has it."""
        self._client = client
        self._payloads = payloads
        self._next_event = next_event
        self._tail = tail
        self._request_timeout = request_timeout
        self._deadline = deadline
        self._batches = asyncio.Semaphore(CONCURRENT_BATCHES)

    async def append(self, envelopes: Sequence[Envelope], expected: int) -> tuple[Recorded, ...]:
        """See `ports.Log.append`."""
        conversation = _conversation_of(envelopes)
        messages, large = await self._messages(envelopes, expected)
        last_error = "no answer"
        try:
            async with asyncio.timeout(self._deadline):
                backoff = delays()
                while True:
                    outcome, sequence, last_error = await self.publish(messages)
                    if outcome is Outcome.LOOK:
                        sequence = await self._find(conversation, envelopes[0], expected)
                    if sequence:
                        for payload in large:  # an erasure may have removed it before the log named it here
                            await self._payloads.keep(payload)
                        return _place(envelopes, sequence, expected)
                    await asyncio.sleep(next(backoff))
        except TimeoutError:
            raise Unavailable(f"conversation {conversation!r}: append not confirmed: {last_error}") from None

    async def _messages(
        self, envelopes: Sequence[Envelope], expected: int
    ) -> tuple[list[Message], list[bytes]]:
        """What is to be published, and the payloads that are kept beside the log."""
        messages, large = [], []
        for envelope in envelopes:
            subject, headers, whole = encode(envelope)
            reference, payload = await self._payloads.put(whole)
            if reference:
                large.append(whole)
            messages.append(Message(subject, headers | reference, payload))
        messages[0].headers.update(
            {
                PREVIOUS: str(expected),
                EXPECTED: str(expected),
                EXPECTED_FILTER: subjects.conversation(envelopes[0].conversation),
            }
        )
        return messages, large

    async def _find(self, conversation: str, first: Envelope, expected: int) -> int:
        """The sequence of the caller's first event, 0 if nothing was appended at all.

        An id may be derived, so that somebody else's event has the same and says something else.

        Raises:
            Conflict: if somebody else's event stands in its place.
        """
        found = await self._next_event(conversation, expected)
        if found is None:
            if (tail := await self._tail(conversation)) < expected:
                raise Conflict(conversation, expected, tail)
            return 0
        if not is_same(found, first):
            raise Conflict(conversation, expected, await self._tail(conversation))
        return found.sequence

    async def publish(self, messages: Sequence[Message]) -> tuple[Outcome, int, str]:
        """Try once: what came of it, the first sequence if stored, what the server said."""
        try:
            if len(messages) == 1:
                reply = await self._request(messages[0], {})
            else:
                async with self._batches:
                    reply = await self._publish_batch(messages)
        except OUTAGE as error:
            return Outcome.LOOK, 0, str(error) or type(error).__name__
        answer = json.loads(reply)
        if refusal := answer.get("error"):
            return _outcome_of(refusal), 0, refusal.get("description", "")
        if answer.get("duplicate"):
            return Outcome.LOOK, 0, "duplicate"
        return Outcome.STORED, answer["seq"] - len(messages) + 1, ""

    async def _publish_batch(self, messages: Sequence[Message]) -> bytes:
        batch = uuid4().hex
        for number, message in enumerate(messages[:-1], start=1):
            await self._client.publish(
                message.subject, message.payload, headers=message.headers | _batch_headers(batch, number)
            )
        commit = _batch_headers(batch, len(messages)) | {"Nats-Batch-Commit": "1"}
        return await self._request(messages[-1], commit)

    async def _request(self, message: Message, headers: dict[str, str]) -> bytes:
        request = self._client.request(
            message.subject, message.payload, timeout=self._request_timeout, headers=message.headers | headers
        )
        reply = await cancellable(request)
        return reply.data


def _conversation_of(envelopes: Sequence[Envelope]) -> str:
    conversations = {envelope.conversation for envelope in envelopes}
    if len(conversations) != 1:
        raise ValueError(f"an append is for one conversation, not {len(conversations)}")
    if len(envelopes) > MAX_BATCH:
        raise ValueError(f"an append takes at most {MAX_BATCH} events, not {len(envelopes)}")
    return conversations.pop()


def _batch_headers(batch: str, number: int) -> dict[str, str]:
    return {"Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(number)}


def _outcome_of(refusal: dict[str, int | str]) -> Outcome:
    """What to do about a refusal.

    Raises:
        Full: if the stream takes no more.
        LogError: if trying again cannot help.
    """
    code, kind, description = (
        refusal.get("code"),
        refusal.get("err_code"),
        str(refusal.get("description", "")),
    )
    if kind in WRONG_SEQUENCE or kind == _DUPLICATE_IN_BATCH:
        return Outcome.LOOK
    if kind == _STORE_FAILED and "maximum" in description:
        raise Full(description)
    if code in _RETRIED_CODES or kind in {_INCOMPLETE_BATCH, _IN_PROCESS}:
        return Outcome.RETRY
    raise LogError(f"{description} ({kind})")


def _place(envelopes: Sequence[Envelope], first: int, expected: int) -> tuple[Recorded, ...]:
    return tuple(
        recorded(envelope, first + offset, expected if offset == 0 else first + offset - 1)
        for offset, envelope in enumerate(envelopes)
    )
