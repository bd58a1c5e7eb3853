"""Messages of the quote protocol, answered.

What a process remembers of a conversation is a fold of the conversation's own events, so a turn costs the
same however long the conversation is, and a process that remembers nothing reads that conversation alone.
"""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

from contracts.envelope import Recorded
from contracts.events import RunCancelled, RunCompleted, RunEvent, RunFailed, RunStarted, Unrecognized
from contracts.live import Delta
from eventlog.author import Author
from eventlog.live import Live
from eventlog.ports import Log, LogError
from eventlog.turns.journal import Cancelled, Journal, Superseded
from eventlog.turns.progress import Turn
from eventlog.turns.responder import DeadLetterBox, Responder
from protocols.quote.wire import SERVER_ERROR, tokens
from quote_engine.answering import answer
from quote_engine.domain.dialogue import CrisisReply, Dialogue, Reply, RunFacts, evolve, fact
from quote_engine.domain.quotation import Quotation
from quote_engine.domain.reading import Trained
from quote_engine.ports import Listener, Memory
from quote_engine.settings import QuoteSettings

logger = logging.getLogger(__name__)

LAST_STAGE_BUT_ONE: Final = 3
READERS: Final = 2
"""Threads that read: a second one so that a very long message does not keep the others waiting."""


@dataclass(slots=True)
class _Conversation:
    """What this process remembers of a conversation: its events up to `tail`, folded; who is answering."""

    tail: int = 0
    dialogue: Dialogue = field(default_factory=Dialogue)
    messages: dict[str, Recorded] = field(default_factory=dict)
    journal: Journal | None = None

    @property
    def waiting(self) -> Mapping[str, str]:
        return self.dialogue.waiting

    def knows(self, run: Recorded) -> bool:
        return self.journal.knows(run) if self.journal else run.sequence <= self.tail

    def fold(self, events: Sequence[Recorded]) -> None:
        for event in events:
            if event.sequence > self.tail:
                self.dialogue = evolve(self.dialogue, event)
                self.tail = event.sequence
                if event.id in self.waiting:
                    self.messages[event.id] = event
                elif isinstance(event.event, RunEvent) and event.event.run_id not in self.waiting:
                    self.messages.pop(event.event.run_id, None)

    def oldest(self) -> Recorded | None:
        return self.messages[next(iter(self.waiting))] if self.waiting else None

    def turn(self, work: Recorded) -> Turn:
        waiting = self.dialogue.waiting
        if work.id not in waiting:
            return Turn.DONE
        return Turn.MINE if next(iter(waiting)) == work.id else Turn.WAIT


class Worker(Responder[_Conversation]):
    """Answers messages of the quote protocol."""

    def __init__(
        self,
        log: Log,
        live: Live,
        author: Author,
        quotations: Sequence[Quotation],
        memory: Memory,
        trained: Trained | None,
        listener: Listener | None,
        dead_letters: DeadLetterBox,
        settings: QuoteSettings,
    ) -> None:
        super().__init__(log, _Conversation, concurrent=settings.concurrent_replies)
        self._live = live
        self._author = author
        self._quotations = quotations
        self._memory = memory
        self._trained = trained
        self._listener = listener
        self._dead_letters = dead_letters
        self._settings = settings
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reading")
        self._choosing: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def _turn(self, memory: _Conversation, work: Recorded) -> Turn:
        if isinstance(work.event, Unrecognized):
            raise LogError(f"cannot be read: {work.event.reason}")
        if memory.tail == work.previous:
            memory.fold([work])
        else:
            await self._catch_up(memory, work.conversation)
        return memory.turn(work)

    async def _next(self, memory: _Conversation, conversation: str) -> Recorded | None:
        await self._catch_up(memory, conversation)
        return memory.oldest()

    async def _catch_up(self, memory: _Conversation, conversation: str) -> None:
        """Fold whatever the log has.

        What is appended after that makes the first append of the attempt fail or wait in line.
        """
        async for event in self._log.read(conversation, after=memory.tail):
            memory.fold([event])

    async def _run(self, memory: _Conversation, work: Recorded, again: bool) -> None:
        state = memory.dialogue
        facts = RunFacts(run_id=work.id, message_sequence=work.sequence, attempt=state.attempts + 1)
        memory.journal = journal = Journal(
            self._log, self._author, work, tail=memory.tail, committed=memory.fold
        )
        try:
            try:
                await self._attempt(state, work, facts, journal)
            except (Superseded, Cancelled, LogError):
                raise
            except Exception as error:  # noqa: BLE001 - logged without its text, which may be the user's
                # Neither the text nor the traceback of an error: both may hold words of the user.
                logger.warning("run %s failed: %s", work.id, place_of(error))
                await journal.end(RunFailed(**facts, error=SERVER_ERROR, code=type(error).__name__))
        except Superseded as superseded:
            logger.info("run %s: %s", work.id, superseded)
            raise
        except Cancelled as cancelled:
            await journal.end(RunCancelled(**facts, rolled_back=cancelled.rollback))
        memory.journal = None

    async def _attempt(self, state: Dialogue, work: Recorded, facts: RunFacts, journal: Journal) -> None:
        if state.attempts >= self._settings.max_attempts:
            reason = f"given up after {state.attempts} attempts"
            await self._dead_letters.put(work, reason)
            logger.error("run %s: %s", work.id, reason)
            await journal.end(RunFailed(**facts, error=SERVER_ERROR, code="refused"))
            return
        journal.add(RunStarted(**facts))
        await journal.flush()
        async with self._recent(state) as recent:
            reply = await answer(
                state,
                state.waiting[work.id],
                conversation=work.conversation,
                quotations=self._quotations,
                recent=recent,
                trained=self._trained,
                threads=self._readers,
                reading_patience=self._settings.reading_patience,
                listener=self._listener,
                patience=self._settings.model_patience,
            )
            await self._speak(reply.text, work.conversation, facts)
            journal.add(fact(reply, state, facts), _completed(reply, facts))
            await journal.flush()

    @asynccontextmanager
    async def _recent(self, state: Dialogue) -> AsyncIterator[Sequence[str]]:
        """What the user was given last, if a quotation is due. Until the new one is in the log, no other
        conversation of the same user chooses here."""
        if state.answered != LAST_STAGE_BUT_ONE or state.user_id is None:
            yield ()
            return
        async with self._choosing.setdefault(state.user_id, asyncio.Lock()):
            yield tuple(await self._memory.last_quotations(state.user_id))

    async def _speak(self, text: str, conversation: str, facts: RunFacts) -> None:
        """Let followers have the tokens before the log has the reply."""
        for index, token in enumerate(tokens(text)):
            delta = Delta(
                run_id=facts["run_id"], attempt=facts["attempt"], index=index, kind="token", data=token
            )
            await self._live.publish(conversation, delta)


def _completed(reply: Reply, facts: RunFacts) -> RunCompleted:
    quote = None if isinstance(reply, CrisisReply) else reply.quote
    return RunCompleted(**facts, text=reply.text, output=quote.model_dump() if quote else None)


def place_of(error: BaseException) -> str:
    """What went wrong and where, such as ``KeyError at dialogue.py:120``."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + ", ".join(
        f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames[-3:]
    )
