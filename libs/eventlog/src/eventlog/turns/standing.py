"""What stands in a conversation now: who answers it, what waits for its run, what a person is asked."""

import asyncio
from dataclasses import dataclass, replace

from contracts.envelope import Envelope, Recorded
from contracts.events import (
    ENDS,
    AnswerReceived,
    CancelRequested,
    ConversationDeleted,
    ConversationStarted,
    MessageReceived,
    RunEvent,
    RunFailed,
    RunInterrupted,
    RunRequested,
    RunScheduled,
    open_after,
)
from contracts.events import Question as Asked
from contracts.events.message import OutputFormat
from eventlog.author import derived_id
from eventlog.ports import Log
from eventlog.turns.progress import Progress


@dataclass(frozen=True, slots=True)
class Seen:
    """What a follower knows of a conversation.

    Attributes:
        tail: its last sequence.
        start: the `ConversationStarted` that is in force, None if there is none.
        unanswered: how many messages and answers have runs that have not ended; None if that is not known.
    """

    tail: int
    start: Recorded | None
    unanswered: int | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Questions that wait for a person.

    Attributes:
        recorded: the event that left them open.
        questions: those that nobody has answered, in the graph's order; at least one.
    """

    recorded: Recorded
    questions: tuple[Asked, ...]


class Standing:
    """Reads conversations from the log; for whoever appends by what stands, too."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def standing(self, conversation: str) -> Recorded | None:
        """The `ConversationStarted` that is in force, None if there never was one or it was deleted."""
        newest = await self._log.last(conversation, "conversation.>")
        if newest is None or isinstance(newest.event, ConversationDeleted):
            return None
        if isinstance(newest.event, ConversationStarted):
            return newest
        return await self._log.last(conversation, ConversationStarted.type)

    async def waiting(self, conversation: str) -> Waiting | None:
        """What a person is asked now."""
        start = await self.standing(conversation)
        return await self._open(start) if start else None

    async def knows(self, conversation: str, protocol: str, name: str) -> bool:
        """Whether a run was asked for by this protocol under this name, or is to begin later."""
        start = await self.standing(conversation)
        if start is None:
            return False
        responder = responder_of(start)
        request = RunRequested(addressee=responder, protocol=protocol, message_id=name)
        event_id = derived_id(start.id, protocol, name)
        return await self._known(conversation, request, responder, event_id) is not None

    async def is_busy(self, start: Recorded) -> bool:
        """Whether a run is in progress or waits in the conversation that `start` began."""
        return bool(await self.unanswered(start))

    async def queued(self, start: Recorded) -> int:
        """How many messages and answers there are whose runs have not ended, but for the last moment."""
        newest = await self._log.last(start.conversation, "run.>")
        answered = Progress(start, newest).answered
        return await self._log.count(start.conversation, "message.>", after=answered)

    async def unanswered(self, start: Recorded) -> list[Recorded]:
        """The messages and answers whose runs have not ended, in the conversation begun by `start`."""
        newest, said = await asyncio.gather(
            self._log.last(start.conversation, "run.>"), self._log.last(start.conversation, "message.>")
        )
        answered = Progress(start, newest).answered
        if said is None or said.sequence <= answered:
            return []
        waiting = self._log.read(start.conversation, after=answered, pattern="message.>")
        return [message async for message in waiting]

    async def _open(self, start: Recorded) -> Waiting | None:
        """The questions that nobody has answered, unless somebody has said something else since."""
        newest = await self._log.last(start.conversation, "run.>")
        if newest and not open_after(newest.event) and not isinstance(newest.event, ENDS):
            # A run that answers one of several has begun: the others stay open.
            left_open = [
                await self._log.last(start.conversation, kind.type) for kind in (RunInterrupted, RunFailed)
            ]
            newest = max((event for event in left_open if event), key=lambda e: e.sequence, default=None)
        if newest is None or newest.sequence < start.sequence:
            return None
        questions = list(open_after(newest.event))
        said = self._log.read(start.conversation, after=_run_of(newest).message_sequence, pattern="message.>")
        async for each in said:
            if not isinstance(each.event, AnswerReceived):
                return None
            told = each.event.answers([asked.interrupt_id for asked in questions])
            questions = [asked for asked in questions if asked.interrupt_id not in told]
        return Waiting(newest, tuple(questions)) if questions else None

    async def _scheduled(self, start: Recorded, run_id: str) -> Recorded | None:
        """The request to come for a run that is to begin later, unless it has begun or was cancelled."""
        conversation = start.conversation
        scheduled, begun = await asyncio.gather(
            self._log.last(conversation, f"{RunScheduled.type}.{run_id}"),
            self._log.last(conversation, f"{RunRequested.type}.*.{run_id}"),
        )
        if scheduled is None or begun or scheduled.sequence < start.sequence:
            return None
        cancels = self._log.read(conversation, after=scheduled.sequence, pattern=CancelRequested.type)
        async for cancel in cancels:
            if isinstance(cancel.event, CancelRequested) and cancel.event.run_id == run_id:
                return None
        return _to_come(scheduled)

    async def _known(
        self, conversation: str, message: MessageReceived | RunRequested, responder: str, event_id: str
    ) -> Recorded | None:
        """A message that was received before, or, since a run may begin later, is to come."""
        received = await self._log.last(conversation, f"{message.type}.{responder}.{event_id}")
        if received or isinstance(message, MessageReceived):
            return received
        return _to_come(await self._log.last(conversation, f"{RunScheduled.type}.{event_id}"))

    async def _presented(self, waiting: Waiting) -> OutputFormat | None:
        """How the answer of the run that asks is to be shown."""
        asking = waiting.recorded
        before = _run_of(asking).message_sequence - 1
        said = await self._log.next(asking.conversation, "message.>", after=before)
        if said is None or not isinstance(said.event, MessageReceived | AnswerReceived):
            return None
        return said.event.output_format

    async def _answered(self, start: Recorded, answer: AnswerReceived) -> Recorded | None:
        """The same answer to the same question, received before."""
        said = self._log.read(start.conversation, after=start.sequence, pattern=f"{answer.type}.>")
        same = [known async for known in said if _same(known, answer)]
        return same[-1] if same else None


def _to_come(scheduled: Recorded | None) -> Recorded | None:
    """A request that is to come, at the place where it was scheduled."""
    if scheduled is None or not isinstance(scheduled.event, RunScheduled):
        return None
    return replace(scheduled, id=scheduled.event.run_id, event=scheduled.event.request)


def _same(known: Recorded, answer: AnswerReceived) -> bool:
    told = known.event
    return isinstance(told, AnswerReceived) and (told.interrupt_id, told.approve, told.response) == (
        answer.interrupt_id,
        answer.approve,
        answer.response,
    )


def _run_of(recorded: Recorded) -> RunEvent:
    if not isinstance(recorded.event, RunEvent):
        raise TypeError(f"{recorded.event.type} is no event of a run")
    return recorded.event


def responder_of(start: Envelope) -> str:
    """Who answers in the conversation that `start` opens.

    Raises:
        TypeError: if it opens none.
    """
    if not isinstance(start.event, ConversationStarted):
        raise TypeError(f"{start.event.type} does not open a conversation")
    return start.event.responder_name
