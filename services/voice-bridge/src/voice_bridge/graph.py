"""Replies of the conversation's graph: a message is sent over the log, and what its run says comes back."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from contracts.envelope import Recorded
from contracts.events import (
    CancelRequested,
    ReplySpoken,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunInterrupted,
)
from contracts.live import Delta
from eventlog.live import Live
from eventlog.ports import Log
from eventlog.turns.inbox import Receipt
from voice_bridge.domain.telling import Telling
from voice_bridge.ports import EngineError
from voice_bridge.recorder import Recorder

logger = logging.getLogger(__name__)

NOTHING_ASKED: Final = "I am listening. What can I do for you?"


class RunEndedWithoutReply(EngineError):
    """The run failed or was cancelled."""


class GraphReplies:
    """A `ports.Reply` for one session.

    Attributes:
        runs: the run behind each reply that has not been recorded as spoken yet.
    """

    def __init__(
        self, log: Log, live: Live, recorder: Recorder, conversation: str, *, timeout_seconds: float
    ) -> None:
        """`timeout_seconds` is how long a reply may be silent."""
        self.runs: dict[str, str] = {}
        self._log = log
        self._live = live
        self._recorder = recorder
        self._conversation = conversation
        self._timeout = timeout_seconds
        self._unspoken: Receipt | None = None
        self._news: asyncio.Queue[Recorded | Delta] = asyncio.Queue()
        self._telling = False

    async def follow(self, tail: int) -> None:
        """Take note of what runs say, until cancelled; `tail` is the conversation's last sequence."""
        async with (
            self._live.listen(self._conversation) as deltas,
            self._log.follow(self._conversation, after=tail) as events,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(self._gather(deltas))
            group.create_task(self._gather(events))

    def resume(self, message: Recorded) -> None:
        """The next reply without new words is the one to this message, which nobody has heard."""
        self._unspoken = Receipt(message.id, message.sequence, again=True)

    async def __call__(self, transcript: str | None, reply: str) -> AsyncIterator[str]:
        """As `ports.Reply`."""
        unspoken, self._unspoken = self._unspoken, None
        if transcript is None and unspoken is None:
            yield NOTHING_ASKED
            return
        while not self._news.empty():
            self._news.get_nowait()
        self._telling = True
        try:
            if transcript is None and unspoken is not None:
                receipt, said = unspoken, self._retold(unspoken)
            else:
                receipt = await self._asked(transcript or "", reply)
                said = self._told(receipt)
            self.runs[reply] = receipt.run_id
            async with aclosing(said):
                async for piece in said:
                    yield piece
        finally:
            self._telling = False

    async def _asked(self, text: str, reply: str) -> Receipt:
        asked = self._recorder.ask(text)
        try:
            return await asyncio.shield(asked)
        except asyncio.CancelledError:
            if asked.cancelled():
                raise
            self._recorder.note_after(
                asked,
                lambda receipt: (CancelRequested(run_id=receipt.run_id), unheard(reply, receipt.run_id)),
            )
            raise

    async def _told(self, receipt: Receipt) -> AsyncGenerator[str, None]:
        telling = Telling()
        ended = False
        try:
            while not ended:
                try:
                    async with asyncio.timeout(self._timeout):
                        news = await self._news.get()
                except TimeoutError:
                    raise EngineError("the agent did not answer in time") from None
                if isinstance(news, Delta):
                    if news.run_id == receipt.run_id and (
                        piece := telling.feed(news.attempt, news.kind, news.data)
                    ):
                        yield piece
                elif (text := _end_of(news, receipt.run_id)) is not None:
                    ended = True
                    if piece := telling.finish(text):
                        yield piece
        except RunEndedWithoutReply:
            ended = True
            raise
        finally:
            if not ended:
                self._recorder.note(CancelRequested(run_id=receipt.run_id))

    async def _retold(self, receipt: Receipt) -> AsyncGenerator[str, None]:
        """The reply to a message sent before, whole: its tokens have passed by."""
        async with (
            asyncio.timeout(self._timeout),
            self._log.follow(self._conversation, after=receipt.sequence) as events,
        ):
            async for event in events:
                if (text := _end_of(event, receipt.run_id)) is not None:
                    yield text
                    return

    async def _gather(self, news: AsyncIterator[Recorded] | AsyncIterator[Delta]) -> None:
        async for each in news:
            if self._telling:
                self._news.put_nowait(each)


def unheard(reply: str, run_id: str) -> ReplySpoken:
    """The reply was stopped before the user heard any of it."""
    return ReplySpoken(
        reply_id=reply, run_id=run_id, generated="", heard="", cut=True, audio_ms=0, heard_ms=0
    )


def _end_of(recorded: Recorded, run_id: str) -> str | None:
    """The whole reply if the event ends the run, else None.

    Raises:
        RunEndedWithoutReply: if that is how it ends.
    """
    event = recorded.event
    if not isinstance(event, RunEvent) or event.run_id != run_id:
        return None
    match event:
        case RunCompleted(text=text) | RunInterrupted(question=text):
            return text
        case RunFailed(error=error):
            raise RunEndedWithoutReply(f"the agent failed: {error}")
        case RunCancelled():
            raise RunEndedWithoutReply("the request was cancelled")
    return None
