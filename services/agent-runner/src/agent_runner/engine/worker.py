"""Runs as answers: what is known of a conversation decides whose turn it is, and how its run begins."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from agent_runner.engine.assignment import ANYBODY, Assignment
from agent_runner.engine.catalogue import Ready
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.deltas import Deltas
from agent_runner.engine.memory.owning import OWNER
from agent_runner.engine.options import SPOKEN
from agent_runner.engine.run import Run
from agent_runner.engine.streaming.shown import Shown, ShownByAll
from agent_runner.settings import RunnerSettings
from contracts.envelope import Recorded
from contracts.events import (
    ConversationDeleted,
    ConversationStarted,
    Event,
    RunEvent,
    RunFailed,
    RunInterrupted,
    RunRequested,
    Unrecognized,
    Work,
    open_after,
)
from contracts.live import UNHEARD
from eventlog.author import Author
from eventlog.live import Live
from eventlog.ports import Log
from eventlog.turns.journal import Journal, Superseded
from eventlog.turns.progress import Progress, Turn
from eventlog.turns.responder import DeadLetterBox, Responder

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Conversation:
    """What this process remembers of a conversation.

    Attributes:
        tail: the sequence up to which `progress` is known; -1 for not at all.
        waiting: the sequences of messages behind the one that is answered.
        journal: of the run that is answering.
    """

    tail: int = -1
    progress: Progress = field(default_factory=lambda: Progress(None, None))
    waiting: set[int] = field(default_factory=set)
    journal: Journal | None = None

    def knows(self, run: Recorded) -> bool:
        if self.journal:
            return self.journal.knows(run)
        return run.sequence <= self.tail or self.tail < 0  # nothing is decided before that is read


class Worker(Responder[_Conversation]):
    """Answers messages by running graphs."""

    def __init__(
        self,
        log: Log,
        live: Live,
        author: Author,
        saver: LogCheckpointSaver,
        graphs: Mapping[str, Ready],
        dead_letters: DeadLetterBox,
        settings: RunnerSettings,
    ) -> None:
        super().__init__(log, _Conversation, concurrent=settings.concurrent_runs)
        self._live = live
        self._author = author
        self._saver = saver
        self._graphs = graphs
        self._dead_letters = dead_letters
        self._settings = settings
        self._running: dict[str, Run] = {}
        self._shown = ShownByAll()

    def look(self, conversation: str) -> None:
        """Let the run of a conversation, if it is running here, see what was appended to it."""
        if run := self._running.get(conversation):
            run.look()

    async def _turn(self, memory: _Conversation, work: Recorded) -> Turn:
        """Decide from memory if all was answered and nothing happened since, else from the log."""
        if memory.tail == work.previous and memory.progress.start and not memory.waiting:
            memory.tail = work.sequence
            return memory.progress.turn(work, work)
        oldest = await self._look(memory, work.conversation)
        turn = memory.progress.turn(work, oldest)
        if turn is not Turn.MINE:
            memory.tail = -1
        return turn

    async def _next(self, memory: _Conversation, conversation: str) -> Recorded | None:
        if memory.tail >= 0:
            found = await self._oldest(conversation, memory.progress)
            if found is None:
                memory.waiting.clear()
            if found is None or found.sequence <= memory.tail:
                return found
        return await self._look(memory, conversation)

    async def _look(self, memory: _Conversation, key: str) -> Recorded | None:
        """Read how the conversation stands; the oldest message that is not answered, if any.

        The tail is read first: whatever is appended after it makes the run's first append fail.
        """
        memory.tail = await self._log.tail(key)
        newest, newest_run, interrupted, failed = await asyncio.gather(
            self._log.last(key, "conversation.>"),
            self._log.last(key, "run.>"),
            self._log.last(key, RunInterrupted.type),
            self._log.last(key, RunFailed.type),
        )
        if newest and not isinstance(newest.event, ConversationStarted | ConversationDeleted):
            newest = await self._log.last(key, ConversationStarted.type)
        deleted = newest is None or isinstance(newest.event, ConversationDeleted)
        questions = [event for event in (interrupted, failed) if event and open_after(event.event)]
        newest_question = max(questions, key=lambda event: event.sequence, default=None)
        memory.progress = Progress(None if deleted else newest, newest_run, newest_question)
        memory.waiting.clear()
        oldest = await self._oldest(key, memory.progress)
        if oldest and await self._is_settled(memory.progress, oldest):
            memory.progress = replace(memory.progress, newest_question=None)
        if oldest and oldest.sequence < memory.tail:
            behind = self._log.read(key, after=oldest.sequence, until=memory.tail, pattern="message.>")
            memory.waiting.update([each.sequence async for each in behind])
        return oldest

    async def _oldest(self, key: str, progress: Progress) -> Recorded | None:
        """The oldest message that is not answered."""
        if progress.start is None:
            return None
        return await self._log.next(key, "message.>", after=progress.answered)

    async def _is_settled(self, progress: Progress, work: Recorded) -> bool:
        """Whether something else was said between the newest question and `work`, so that this answers none.

        That is seen from the newest run otherwise; here that is an earlier attempt at `work` itself.
        """
        question = progress.newest_question.event if progress.newest_question else None
        if not isinstance(question, RunEvent) or progress.attempt(work) == 1:
            return False
        said = await self._log.next(work.conversation, "message.>", after=question.message_sequence)
        return said is not None and said.sequence < work.sequence

    async def _is_outrun(self, progress: Progress, work: Recorded) -> bool:
        """Whether another run has ended since the work was sent."""
        newest = progress.newest_run
        if progress.attempt(work) > 1:  # the newest is its own
            newest = await self._log.next(work.conversation, "run.>", after=work.sequence)
        if newest is None or newest.sequence < work.sequence or not isinstance(newest.event, RunEvent):
            return False
        return newest.event.message_sequence < work.sequence

    async def _run(self, memory: _Conversation, work: Recorded, again: bool) -> None:
        progress = memory.progress
        ends: list[Recorded] = []

        def committed(batch: Sequence[Recorded]) -> None:
            self._saver.committed(batch)
            shown.committed(batch)
            deltas.release()
            memory.waiting.update(each.sequence for each in batch if isinstance(each.event, Work))
            ends[:] = [event for event in batch if isinstance(event.event, RunEvent)][-1:] or ends

        self._saver.committed([work])
        attempt = progress.attempt(work)
        deltas = Deltas(
            self._live, work.conversation, work.id, attempt, heard=_is_heard(progress, work.event)
        )
        journal = Journal(self._log, self._author, work, tail=memory.tail, committed=committed)
        memory.journal = journal
        shown = self._shown.take(work.conversation, _place(progress.newest_run, progress.begins))
        memory.tail = -1
        memory.waiting = {each for each in memory.waiting if each > work.sequence}
        try:
            await self._answer(work, progress, attempt, again, journal, deltas, shown)
        except Superseded as superseded:
            logger.info("run %s: %s", work.id, superseded)
            raise
        memory.journal = None
        if getattr(work.event, "ephemeral", False):
            return
        memory.tail = journal.tail
        newest_run = ends[-1] if ends else progress.newest_run
        self._shown.keep(work.conversation, _place(newest_run, progress.begins), shown)
        asked = newest_run is not None and open_after(newest_run.event)
        memory.progress = Progress(
            progress.start, newest_run, newest_run if asked else progress.newest_question
        )

    async def _answer(
        self,
        work: Recorded,
        progress: Progress,
        attempt: int,
        again: bool,
        journal: Journal,
        deltas: Deltas,
        shown: Shown,
    ) -> None:
        graph_name = self._graph_name(progress, work.event)
        graph = self._graphs.get(graph_name)
        refusal = None
        if attempt > self._settings.max_attempts:
            refusal = f"given up after {self._settings.max_attempts} attempts"
            await self._dead_letters.put(work, refusal)
        elif isinstance(work.event, Unrecognized):
            refusal = f"cannot be read: {work.event.reason}"
            await self._dead_letters.put(work, refusal)
        elif graph is None:
            refusal = f"there is no graph {graph_name!r}"
        if refusal or graph is None:
            journal.add(
                RunFailed(
                    run_id=work.id,
                    message_sequence=work.sequence,
                    attempt=attempt,
                    error=refusal or "",
                    code="refused",
                )
            )
            await journal.flush()
            return
        run = Run(
            Assignment(
                work,
                graph_name,
                progress.begins,
                attempt,
                progress.questions_for(work),
                _spoken_since(progress),
                _user_of(progress, work.event),
                await self._is_outrun(progress, work),
            ),
            graph,
            self._saver,
            self._log,
            journal,
            deltas,
            shown,
            timeout_seconds=self._settings.run_timeout,
            show_errors=self._settings.show_errors,
            announced=again,
        )
        OWNER.set(_owner_of(progress))
        self._running[work.conversation] = run
        try:
            await run.execute()
        finally:
            del self._running[work.conversation]

    def _graph_name(self, progress: Progress, event: Event) -> str:
        if isinstance(event, RunRequested) and event.graph:
            return event.graph
        start = progress.start.event if progress.start else None
        return (isinstance(start, ConversationStarted) and start.graph) or self._settings.default_graph


def _is_heard(progress: Progress, event: Event) -> bool:
    """Whether the message, or the conversation it came into, is of a protocol that shows deltas."""
    start = progress.start.event if progress.start else None
    protocols = {getattr(said, "protocol", None) for said in (start, event)}
    return not protocols <= UNHEARD


def _place(event: Recorded | None, begins: int) -> int:
    """Where an event is; 0 for one of an earlier life of the conversation."""
    return event.sequence if event and event.sequence > begins else 0


def _owner_of(progress: Progress) -> str | None:
    start = progress.start.event if progress.start else None
    return start.owner if isinstance(start, ConversationStarted) else None


def _user_of(progress: Progress, event: Event) -> str:
    """Who asks: the conversation's owner, or whom the protocol names."""
    start = progress.start.event if progress.start else None
    named = (_owner_of(progress), getattr(event, "user_id", None), getattr(start, "user_id", None))
    return next((user for user in named if user), ANYBODY)


def _spoken_since(progress: Progress) -> int | None:
    """Behind which event the log may tell what was heard of a conversation that is spoken."""
    start = progress.start.event if progress.start else None
    is_spoken = isinstance(start, ConversationStarted) and start.protocol == SPOKEN
    return progress.answered if is_spoken else None
