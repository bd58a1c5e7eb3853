"""How the edges put what people say into the log: once, in order, whoever sends it and however often."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from chassis import conventions as names
from chassis.telemetry import TRACING, pseudonym
from contracts.envelope import Envelope, Recorded
from contracts.events import (
    AnswerReceived,
    CancelRequested,
    ConversationDeleted,
    ConversationStarted,
    Event,
    MessageReceived,
    RunRequested,
    RunScheduled,
)
from eventlog.author import Author, derived_id
from eventlog.ports import Conflict, Log, Unavailable
from eventlog.turns.refusals import Busy, Exists, Missing, NotRunning, NotWaiting, TooManyMessages
from eventlog.turns.standing import Seen, Standing, responder_of

ResultT = TypeVar("ResultT")
Guard: TypeAlias = Callable[[Recorded], Awaitable[None]]
"""Raises what makes an append impossible; what it reads is covered by the append's own guard."""

QUEUED: Final = 256
ATTEMPTS: Final = 50
"""How often an append is decided again when a busy conversation moves on in between."""


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


class Inbox(Standing):
    """Reads conversations, and appends messages and answers to them."""

    def __init__(self, log: Log, author: Author, *, queued: int = QUEUED) -> None:
        """`queued` is how many messages of a conversation may be unanswered."""
        super().__init__(log)
        self._author = author
        self._queued = queued

    async def receive(
        self,
        conversation: str,
        message: MessageReceived | RunRequested,
        opening: ConversationStarted,
        *facts: Event,
        seen: Seen | None = None,
        anew: bool = True,
        guard: Guard | None = None,
    ) -> Receipt:
        """Append a message or a request for a run, opening the conversation if need be.

        A message with a `message_id` that the conversation already has is not appended again. When runs
        are in progress or queued, `message.on_busy` says what becomes of them and of the message.

        Args:
            opening: how the conversation begins if this is its first message; it names the responder.
            facts: what is appended in front of it.
            seen: what the caller knows of the conversation, if it follows it.
            anew: a conversation that was deleted may begin anew.
            guard: asked about the conversation that stands, before each attempt; what it raises is passed on.

        Raises:
            Missing: if it was deleted, and may not begin anew.
            Busy: if the message is to be rejected when a run is in progress, and one is.
            TooManyMessages: if too many are unanswered.
            Unavailable: if the log did not take it in time.
        """

        async def attempt(standing: Seen) -> Receipt:
            start, tail = standing.start, standing.tail
            if start is None and tail and not anew:
                raise Missing
            first = [] if start else [self._author.envelope(conversation, opening)]
            incarnation = start or first[0]
            responder = responder_of(incarnation)
            event_id = None
            if message.message_id is not None:
                event_id = derived_id(incarnation.id, message.protocol, message.message_id)
                if start and (known := await self._known(conversation, message, responder, event_id)):
                    return Receipt(known.id, known.sequence, again=True)
            if start and guard:
                await guard(start)
            if start:
                await self._check_room(start, standing.unanswered)
            later = isinstance(message, RunRequested) and message.not_before is not None
            if start and message.on_busy != "enqueue" and not later:
                runs = await self.unanswered(start)
                if runs and message.on_busy == "reject":
                    raise Busy
                first = self._cancels(conversation, runs, rollback=message.on_busy == "rollback")
            first += [self._author.envelope(conversation, fact) for fact in facts]
            addressed = message.model_copy(update={"addressee": responder})
            envelope = self._author.envelope(conversation, addressed, event_id=event_id)
            run_id = envelope.id
            if later and isinstance(addressed, RunRequested):
                scheduled = RunScheduled(run_id=run_id, request=addressed)
                envelope = self._author.envelope(conversation, scheduled)
            recorded = (await self._log.append([*first, envelope], expected=tail))[-1]
            return Receipt(run_id, recorded.sequence, again=False)

        return await self._decide(conversation, attempt, seen)

    async def answer(self, conversation: str, answer: AnswerReceived, *, seen: Seen | None = None) -> Receipt:
        """Append the answer to a question; the same question is answered once.

        Raises:
            NotWaiting: if that question is not asked now.
            Unavailable: if the log did not take it in time.
        """

        async def attempt(standing: Seen) -> Receipt:
            start, tail = standing.start, standing.tail
            if start is None:
                raise NotWaiting
            responder = responder_of(start)
            waiting = await self._open(start)
            ids = [asked.interrupt_id for asked in waiting.questions] if waiting else []
            if waiting is None or not all(key in ids for key in answer.answers(ids)):
                # Looked for afterwards: what has closed the question may be this very answer.
                known = await self._answered(start, answer)
                if known is None:
                    raise NotWaiting
                return Receipt(known.id, known.sequence, again=True)
            presented = await self._presented(waiting)
            addressed = answer.model_copy(update={"addressee": responder, "output_format": presented})
            envelope = self._author.envelope(
                conversation,
                addressed,
                event_id=derived_id(waiting.recorded.id, "answer", answer.interrupt_id),
                correlation_id=waiting.recorded.correlation_id,
                causation_id=waiting.recorded.id,
            )
            (recorded,) = await self._log.append([envelope], expected=tail)
            return Receipt(recorded.id, recorded.sequence, again=False)

        return await self._decide(conversation, attempt, seen)

    async def open(self, conversation: str, opening: ConversationStarted, *facts: Event) -> Recorded:
        """Begin a conversation that does not exist, with what is known of it from the start.

        Raises:
            Exists: if there is one with this key.
            Unavailable: if the log did not take it in time.
        """

        async def attempt(standing: Seen) -> Recorded:
            if standing.start is not None:
                raise Exists
            envelopes = [self._author.envelope(conversation, event) for event in (opening, *facts)]
            return (await self._log.append(envelopes, expected=standing.tail))[0]

        return await self._decide(conversation, attempt, None)

    async def begin(self, conversation: str, run_id: str) -> bool:
        """Ask for a run now that was to begin later; False where it has begun, was cancelled, or is unknown.

        Raises:
            Unavailable: if the log did not take it in time.
        """

        async def attempt(standing: Seen) -> bool:
            start, tail = standing.start, standing.tail
            asked = await self._scheduled(start, run_id) if start else None
            if start is None or asked is None or not isinstance(request := asked.event, RunRequested):
                return False
            first: list[Envelope] = []
            if request.on_busy in ("interrupt", "rollback"):
                runs = await self.unanswered(start)
                first = self._cancels(conversation, runs, rollback=request.on_busy == "rollback")
            envelope = self._author.envelope(conversation, request, event_id=run_id)
            await self._log.append([*first, envelope], expected=tail)
            return True

        return await self._decide(conversation, attempt, None)

    async def note(self, conversation: str, *facts: Event, guard: Guard | None = None) -> Recorded:
        """Append facts to a conversation that exists; gives the last one.

        Args:
            guard: as for `receive`.

        Raises:
            Missing: if there is no such conversation.
            Unavailable: if the log did not take them in time.
        """
        envelopes = [self._author.envelope(conversation, fact) for fact in facts]

        async def attempt(standing: Seen) -> Recorded:
            if standing.start is None:
                raise Missing
            if guard:
                await guard(standing.start)
            return (await self._log.append(envelopes, expected=standing.tail))[-1]

        return await self._decide(conversation, attempt, None)

    async def cancel(
        self, conversation: str, *, rollback: bool = False, only: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """Ask the run in progress and those queued behind it to stop; their ids.

        Args:
            only: the ids of the runs that are meant; all without it.

        Raises:
            NotRunning: if there is none.
            Unavailable: if the log did not take it in time.
        """

        async def attempt(standing: Seen) -> tuple[str, ...]:
            runs = await self.unanswered(standing.start) if standing.start else []
            runs = [run for run in runs if only is None or run.id in only]
            if standing.start and (later := set(only or ()) - {run.id for run in runs}):
                scheduled = [await self._scheduled(standing.start, run_id) for run_id in sorted(later)]
                runs += [run for run in scheduled if run]
            if not runs:
                raise NotRunning
            cancels = self._cancels(conversation, runs, rollback=rollback)
            await self._log.append(cancels, expected=standing.tail)
            return tuple(run.id for run in runs)

        return await self._decide(conversation, attempt, None)

    async def delete(self, conversation: str) -> bool:
        """Append the deletion; False if there is nothing to delete."""

        async def attempt(standing: Seen) -> bool:
            if standing.start is None:
                return False
            causation = standing.start.id
            envelope = self._author.envelope(conversation, ConversationDeleted(), causation_id=causation)
            await self._log.append([envelope], expected=standing.tail)
            return True

        return await self._decide(conversation, attempt, None)

    async def _check_room(self, start: Recorded, known: int | None) -> None:
        """Raises `TooManyMessages` if no more messages may wait."""
        unanswered = await self.queued(start) if known is None else known
        if unanswered >= self._queued:
            raise TooManyMessages(
                f"{unanswered} messages of this conversation wait for their answers, and no more may; "
                "send it again when one has been answered"
            )

    def _cancels(self, conversation: str, runs: Sequence[Recorded], *, rollback: bool) -> list[Envelope]:
        return [
            self._author.envelope(
                conversation, CancelRequested(run_id=run.id, rollback=rollback), causation_id=run.id
            )
            for run in runs
        ]

    async def _decide(
        self,
        conversation: str,
        attempt: Callable[[Seen], Awaitable[ResultT]],
        seen: Seen | None,
    ) -> ResultT:
        """Try until nobody came in between, deciding afresh each time.

        The tail is read before the standing: whatever comes after it makes the append fail. What a caller
        has seen may be old, so nothing is decided by it that no append confirms.
        """
        with TRACING.span("receive", "server", {names.GEN_AI_CONVERSATION: pseudonym(conversation)}):
            for _ in range(ATTEMPTS):
                if is_read := seen is None:
                    tail = await self._log.tail(conversation)
                    seen = Seen(tail, await self.standing(conversation) if tail else None)
                try:
                    result = await attempt(seen)
                except Conflict:
                    seen = None
                except (Busy, NotWaiting, TooManyMessages):
                    if is_read:
                        raise
                    seen = None
                else:
                    if is_read or not (isinstance(result, Receipt) and result.again):
                        return result
                    seen = None
            raise Unavailable(f"conversation {conversation!r} is too busy")
