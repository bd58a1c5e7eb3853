"""Writes what happens in one session into the log, one after the other, without holding up the talk."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeAlias

from contracts.envelope import Recorded
from contracts.events import ConversationStarted, Event, MessageReceived, VoiceSessionOpened
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox, Receipt
from protocols.voice.session import VoiceSession, evolve

PROTOCOL = "voice"

Follow: TypeAlias = Callable[[Receipt], Iterable[Event]]


class Replaced(Exception):
    """Another replica has opened the session since: this one may write nothing more of it."""


class Recorder:
    """The writer of one session. What it writes is fenced by the newest `VoiceSessionOpened`.

    Attributes:
        session: the session as the log has it.
    """

    def __init__(
        self,
        log: Log,
        inbox: Inbox,
        conversation: str,
        opening: ConversationStarted,
        session: VoiceSession,
    ) -> None:
        """`opening` is how the conversation began."""
        self.session = session
        self._opening = opening
        self._log = log
        self._inbox = inbox
        self._conversation = conversation
        self._opened: str | None = None
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()

    def open(self, replica: str) -> None:
        """Take the session: who had it before can write nothing more of it."""

        async def take() -> None:
            opened = await self._inbox.note(self._conversation, VoiceSessionOpened(replica=replica))
            self._opened = opened.id
            self.session = evolve(self.session, opened)

        self._jobs.put_nowait(take)

    def note(self, *facts: Event) -> None:
        """Write facts down."""
        self._jobs.put_nowait(lambda: self._note(facts))

    def ask(self, text: str) -> asyncio.Future[Receipt]:
        """Send what the user said to the conversation's responder, behind all that was noted before."""
        asked: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        opening = self._opening
        message = MessageReceived(addressee=opening.responder_name, text=text, protocol=PROTOCOL)

        async def send() -> None:
            receipt = await self._inbox.receive(self._conversation, message, opening, guard=self._check)
            if not asked.done():
                asked.set_result(receipt)

        self._jobs.put_nowait(send)
        return asked

    def note_after(self, asked: asyncio.Future[Receipt], facts: Follow) -> None:
        """Write facts about a message down once it has been sent."""

        async def follow() -> None:
            await self._note(tuple(facts(asked.result())))

        self._jobs.put_nowait(follow)

    async def write(self) -> None:
        """Write until cancelled.

        Raises:
            LogError: if the log does not take it.
            Missing: if the conversation has been deleted.
            Replaced: if another replica has the session.
        """
        while True:
            job = await self._jobs.get()
            await job()
            self._jobs.task_done()

    async def written(self) -> None:
        """Until all that was noted so far is in the log; `write` has to be running."""
        await self._jobs.join()

    async def _note(self, facts: tuple[Event, ...]) -> None:
        for fact in facts:
            recorded = await self._inbox.note(self._conversation, fact, guard=self._check)
            self.session = evolve(self.session, recorded)

    async def _check(self, _: Recorded) -> None:
        newest = await self._log.last(self._conversation, VoiceSessionOpened.type)
        if newest is None or newest.id != self._opened:
            raise Replaced
