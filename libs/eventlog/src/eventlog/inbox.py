"""How the edges put what people say into the log: once, in order, whoever sends it and however often."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from contracts.envelope import Envelope, Recorded
from contracts.events import (
    AnswerReceived,
    ConversationDeleted,
    ConversationStarted,
    MessageReceived,
    RunInterrupted,
)
from eventlog import conventions as names
from eventlog.author import Author, derived_id
from eventlog.ports import Conflict, Log, Unavailable
from eventlog.telemetry import TRACING

ResultT = TypeVar("ResultT")

ATTEMPTS: Final = 50
"""How often an append is decided again when a busy conversation moves on in between."""


class NotWaiting(Exception):
    """An answer to a question that is not, or no longer, asked."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a message.

    Attributes:
        run_id: the run that answers it.
        sequence: its position in the log.
        again: it had been received before.
    """

    run_id: str
    sequence: int
    again: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What a follower knows of a conversation.

    Attributes:
        tail: its last sequence.
        start: the `ConversationStarted` that is in force, None if there is none.
    """

    tail: int
    start: Recorded | None


class Inbox:
    """Appends messages and answers to conversations."""

    def __init__(self, log: Log, author: Author) -> None:
        self._log = log
        self._author = author

    async def standing(self, conversation: str) -> Recorded | None:
        """The `ConversationStarted` that is in force, None if there never was one or it was deleted."""
        newest = await self._log.last(conversation, "conversation.>")
        if newest is None or isinstance(newest.event, ConversationDeleted):
            return None
        if isinstance(newest.event, ConversationStarted):
            return newest
        return await self._log.last(conversation, ConversationStarted.type)

    async def receive(
        self,
        conversation: str,
        message: MessageReceived,
        opening: ConversationStarted,
        *,
        seen: Seen | None = None,
    ) -> Receipt:
        """Append a message, opening the conversation if need be.

        A message with a `message_id` that the conversation already has is not appended again.

        Args:
            opening: how the conversation begins if this is its first message; it names the responder.
            seen: what the caller knows of the conversation, if it follows it.

        Raises:
            Unavailable: if the log did not take it in time.
        """

        async def attempt(start: Recorded | None, tail: int) -> Receipt:
            first = [] if start else [self._author.envelope(conversation, opening)]
            incarnation = start or first[0]
            responder = _responder(incarnation)
            event_id = None
            if message.message_id is not None:
                event_id = derived_id(incarnation.id, message.protocol, message.message_id)
                pattern = f"{message.type}.{responder}.{event_id}"
                if start and (known := await self._log.last(conversation, pattern)):
                    return Receipt(known.id, known.sequence, again=True)
            addressed = message.model_copy(update={"addressee": responder})
            envelope = self._author.envelope(conversation, addressed, event_id=event_id)
            recorded = (await self._log.append([*first, envelope], expected=tail))[-1]
            return Receipt(recorded.id, recorded.sequence, again=False)

        return await self._decide(conversation, attempt, seen)

    async def answer(self, conversation: str, answer: AnswerReceived, *, seen: Seen | None = None) -> Receipt:
        """Append the answer to a question; the same question is answered once.

        Raises:
            NotWaiting: if that question is not the one that is asked now.
            Unavailable: if the log did not take it in time.
        """

        async def attempt(start: Recorded | None, tail: int) -> Receipt:
            if start is None:
                raise NotWaiting
            responder = _responder(start)
            addressed = answer.model_copy(update={"addressee": responder})
            event_id = derived_id(start.id, "answer", answer.interrupt_id)
            if known := await self._log.last(conversation, f"{answer.type}.{responder}.{event_id}"):
                if known.event != addressed:
                    raise NotWaiting
                return Receipt(known.id, known.sequence, again=True)
            question = await self._log.last(conversation, "run.>")
            if question is None or not _asks(question, answer.interrupt_id):
                raise NotWaiting
            envelope = self._author.envelope(
                conversation, addressed, event_id=event_id, causation_id=question.id
            )
            (recorded,) = await self._log.append([envelope], expected=tail)
            return Receipt(recorded.id, recorded.sequence, again=False)

        return await self._decide(conversation, attempt, seen)

    async def delete(self, conversation: str) -> bool:
        """Append the deletion; False if there is nothing to delete."""

        async def attempt(start: Recorded | None, tail: int) -> bool:
            if start is None:
                return False
            envelope = self._author.envelope(conversation, ConversationDeleted(), causation_id=start.id)
            await self._log.append([envelope], expected=tail)
            return True

        return await self._decide(conversation, attempt, None)

    async def _decide(
        self,
        conversation: str,
        attempt: Callable[[Recorded | None, int], Awaitable[ResultT]],
        seen: Seen | None,
    ) -> ResultT:
        """Try until nobody came in between, deciding afresh each time.

        The tail is read before the standing: whatever comes after it makes the append fail.
        """
        with TRACING.span("receive", "server", {names.GEN_AI_CONVERSATION: conversation}):
            for _ in range(ATTEMPTS):
                if seen is None:
                    tail = await self._log.tail(conversation)
                    seen = Seen(tail, await self.standing(conversation))
                try:
                    return await attempt(seen.start, seen.tail)
                except Conflict:
                    seen = None
            raise Unavailable(f"conversation {conversation!r} is too busy")


def _asks(event: Recorded, interrupt_id: str) -> bool:
    return isinstance(event.event, RunInterrupted) and event.event.interrupt_id == interrupt_id


def _responder(start: Envelope) -> str:
    if not isinstance(start.event, ConversationStarted):
        raise TypeError(f"{start.event.type} does not open a conversation")
    return start.event.responder_name
