"""Replies of the conversation's graph: a message is sent over the log, and what its run says comes back."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Final

from contracts.envelope import Recorded
from contracts.events import (
    CancelRequested,
    MessageReceived,
    NodeCompleted,
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
from voice_bridge.domain.answer import Answer, Page
from voice_bridge.domain.language import Language
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.prose import seconds
from voice_bridge.domain.results import Results
from voice_bridge.domain.telling import Telling
from voice_bridge.domain.wording import worded
from voice_bridge.ports import EngineError
from voice_bridge.recorder import Recorder

logger = logging.getLogger(__name__)

OF_PARLEY: Final = ("planner", "chat")
"""The graphs that the model of the settings answers in; any other has its own."""
_SHORT_SECONDS: Final = 9.0
"""An answer of the embedded model that takes longer by ear, and no tool gave, tells what it can do."""


class RunEndedWithoutReply(EngineError):
    """The run failed or was cancelled."""


class GraphReplies:
    """A `ports.Reply` for one session.

    Attributes:
        runs: the run behind each reply that has not been recorded as spoken yet.
    """

    def __init__(
        self,
        log: Log,
        live: Live,
        recorder: Recorder,
        conversation: str,
        *,
        timeout_seconds: float,
        is_embedded: bool,
    ) -> None:
        """Answer for one conversation.

        Args:
            timeout_seconds: how long a reply may be silent.
            is_embedded: the embedded model answers, which words results for the eye: they are worded here.
        """
        self._is_embedded = is_embedded
        self.runs: dict[str, str] = {}
        self._log = log
        self._live = live
        self._recorder = recorder
        self._conversation = conversation
        self._timeout = timeout_seconds
        self._unspoken: Recorded | None = None
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
        self._unspoken = message

    async def __call__(
        self, transcript: str | None, reply: str, language: Language
    ) -> AsyncIterator[str | Answer]:
        """As `ports.Reply`."""
        unspoken, self._unspoken = self._unspoken, None
        if transcript is None and unspoken is None:
            yield phrase("listening", language)
            return
        while not self._news.empty():
            self._news.get_nowait()
        self._telling = True
        try:
            if transcript is None and unspoken is not None:
                receipt = Receipt(unspoken.id, unspoken.sequence, again=True)
                asked = unspoken.event.text if isinstance(unspoken.event, MessageReceived) else ""
                said = self._retold(receipt, asked, language)
            else:
                receipt = await self._asked(transcript or "", reply)
                said = self._told(receipt, transcript or "", language)
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

    async def _told(
        self, receipt: Receipt, said: str, language: Language
    ) -> AsyncGenerator[str | Answer, None]:
        telling, results = Telling(), Results()
        ended = False
        try:
            while not ended:
                try:
                    async with asyncio.timeout(self._timeout):
                        news = await self._news.get()
                except TimeoutError:
                    raise EngineError("the agent did not answer in time") from None
                if isinstance(news, Delta):
                    if (
                        news.run_id == receipt.run_id
                        and not self._is_embedded
                        and (piece := telling.feed(news.attempt, news.kind, news.data))
                    ):
                        yield piece
                    continue
                _take(results, news, receipt.run_id)
                if (text := _end_of(news, receipt.run_id)) is not None:
                    ended = True
                    if self._is_embedded:
                        yield self._finished(news, said, results, text, language)
                    elif piece := telling.finish(text):
                        yield piece
        except RunEndedWithoutReply:
            ended = True
            raise
        finally:
            if not ended:
                self._recorder.note(CancelRequested(run_id=receipt.run_id))

    async def _retold(
        self, receipt: Receipt, said: str, language: Language
    ) -> AsyncGenerator[str | Answer, None]:
        """The reply to a message sent before, whole: its tokens have passed by."""
        async with (
            asyncio.timeout(self._timeout),
            self._log.follow(self._conversation, after=receipt.sequence) as events,
        ):
            results = Results()
            async for event in events:
                _take(results, event, receipt.run_id)
                if (text := _end_of(event, receipt.run_id)) is not None:
                    yield self._finished(event, said, results, text, language)
                    return

    def _finished(
        self, end: Recorded, said: str, results: Results, text: str, language: Language
    ) -> str | Answer:
        is_answer = isinstance(end.event, RunCompleted)
        return _worded(said, results, text, language) if self._is_embedded and is_answer else text

    async def _gather(self, news: AsyncIterator[Recorded] | AsyncIterator[Delta]) -> None:
        async for each in news:
            if self._telling:
                self._news.put_nowait(each)


def _take(results: Results, recorded: Recorded, run_id: str) -> None:
    event = recorded.event
    if isinstance(event, NodeCompleted) and event.run_id == run_id:
        results.take(event)


def _worded(said: str, results: Results, text: str, language: Language) -> str | Answer:
    """What the embedded model came to, for the ear."""
    if answer := worded(said, results.found, text, language):
        return answer
    if not results.found and seconds(text, language) > _SHORT_SECONDS:
        return Answer((Page((phrase("abilities", language),), language),), text)
    return text


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
