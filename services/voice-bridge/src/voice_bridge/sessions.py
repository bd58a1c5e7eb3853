"""The sessions this replica holds: opened on request, resumed from the log, given up when it ends."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from contracts.envelope import Recorded
from contracts.events import (
    ConversationStarted,
    MessageReceived,
    ReplySpoken,
    UserSpoke,
    VoiceSessionEnded,
)
from contracts.queries import OpenVoice
from eventlog.broker import Broker
from eventlog.link import hold, service_end
from eventlog.live import Live
from eventlog.ports import Log, LogError
from eventlog.turns.inbox import Inbox
from protocols.voice.link import OPENING_SECONDS
from protocols.voice.session import fold
from voice_bridge.adapters import AgentTools
from voice_bridge.domain.answer import Answer
from voice_bridge.domain.language import Language
from voice_bridge.graph import OF_PARLEY, GraphReplies
from voice_bridge.history import PATTERNS, said
from voice_bridge.keeping import Keeping, Store
from voice_bridge.metrics import Metrics
from voice_bridge.ports import Engine, EngineError, Said, Surroundings, Tool
from voice_bridge.recorder import PROTOCOL, Recorder
from voice_bridge.session import Session
from voice_bridge.settings import BridgeSettings
from voice_bridge.stage import Parts

logger = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 8.0


class Refused(Exception):
    """This replica cannot hold the session; the text says why."""


class Full(Refused):
    """It holds as many as it may."""


@dataclass(frozen=True, slots=True)
class _Past:
    """A session's conversation as the log has it."""

    start: Recorded
    tail: int
    facts: Sequence[Recorded]


class Sessions:
    """Any number of sessions at once, up to a limit."""

    def __init__(
        self,
        replica: str,
        broker: Broker,
        log: Log,
        live: Live,
        inbox: Inbox,
        engine: Engine,
        tools: AgentTools,
        store: Store | None,
        metrics: Metrics,
        settings: BridgeSettings,
    ) -> None:
        self._metrics = metrics
        self._replica = replica
        self._broker = broker
        self._log = log
        self._live = live
        self._inbox = inbox
        self._engine = engine
        self._tools = tools
        self._store = store
        self._settings = settings
        self._held: dict[asyncio.Task[None], Session | None] = {}

    @property
    def count(self) -> int:
        """How many sessions are held."""
        return len(self._held)

    async def open(self, request: OpenVoice) -> None:
        """Begin to hold a session; returns when frames are taken.

        Raises:
            Refused: if it cannot be held here.
            LogError: if the log does not answer.
        """
        if len(self._held) >= self._settings.voice_sessions:
            raise Full(f"this replica holds {len(self._held)} sessions already")
        ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._hold(request, ready), name=f"voice {request.link}")
        self._held[task] = None
        task.add_done_callback(self._forget)
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            await task
            raise Refused("the session ended before it began")

    async def drain(self) -> None:
        """Give every session up, so that others take them on."""
        for session in self._held.values():
            if session:
                session.give_up()
        if tasks := set(self._held):
            _, unfinished = await asyncio.wait(tasks, timeout=_DRAIN_SECONDS)
            for task in unfinished:
                task.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)

    def _forget(self, task: asyncio.Task[None]) -> None:
        session = self._held.pop(task)
        if session and not task.cancelled() and (error := task.exception()):
            logger.error("voice session failed", exc_info=error)

    async def _hold(self, request: OpenVoice, ready: asyncio.Future[None]) -> None:
        key = request.conversation
        past = await self._past(key)
        state, opening = fold([past.start, *past.facts]), past.start.event
        if state is None or not isinstance(opening, ConversationStarted):
            raise Refused("there is no such voice session")
        recorder = Recorder(self._log, self._inbox, key, opening, state)
        replies = self._replies(key, recorder, opening.graph)
        unspoken = await self._unspoken(past) if replies else None
        if replies and unspoken:
            replies.resume(unspoken)
        surroundings = Surroundings(
            voice=state.voice,
            language=state.language,
            reply=replies or _no_reply,
            history=lambda: self._said(key),
            tools=() if replies else await self._offered(),
            call_tool=partial(self._tools.call, key),
        )
        engine = self._engine.session(surroundings)
        async with (
            service_end(self._broker, request.link) as link,
            hold(self._broker, key, request.link) as holding,
        ):
            try:
                async with asyncio.timeout(OPENING_SECONDS):
                    await engine.open()
            except (EngineError, TimeoutError) as error:
                await engine.close()
                raise Refused(str(error) or "the engine was not ready in time") from error
            recorder.open(self._replica)
            parts = Parts(
                conversation=key,
                link=link,
                holding=holding,
                engine=engine,
                replies=replies,
                recorder=recorder,
                keeping=Keeping(self._store),
                tail=past.tail,
                clock=time.monotonic,
                manual_turns=not self._settings.vad,
                patience=self._settings.patience(),
                metrics=self._metrics,
            )
            session = Session(parts)
            if task := asyncio.current_task():
                self._held[task] = session
            ready.set_result(None)
            await session.run(resume=unspoken is not None, was_cut_off=request.was_cut_off)

    def _replies(self, key: str, recorder: Recorder, graph: str) -> GraphReplies | None:
        """Replies by the conversation's graph, unless the engine has a model of its own."""
        if self._settings.voice == "openai-realtime":
            return None
        return GraphReplies(
            self._log,
            self._live,
            recorder,
            key,
            timeout_seconds=self._settings.reply_timeout,
            is_embedded=not self._settings.model and graph in OF_PARLEY,
        )

    async def _offered(self) -> Sequence[Tool]:
        try:
            return await self._tools.offered()
        except EngineError as error:
            raise Refused(str(error)) from error

    async def _past(self, key: str) -> _Past:
        tail = await self._log.tail(key)
        start = await self._start(key)
        facts = [event async for event in self._log.read(key, after=start.sequence, pattern="voice.>")]
        return _Past(start, tail, facts)

    async def _start(self, key: str) -> Recorded:
        start = await self._inbox.standing(key)
        if start is None:
            raise Refused("there is no such conversation")
        return start

    async def _unspoken(self, past: _Past) -> Recorded | None:
        """The message whose reply was under way when the replica before this one died, if it did."""
        turning = (ReplySpoken, VoiceSessionEnded)
        settled = max((e.sequence for e in past.facts if isinstance(e.event, turning)), default=0)
        spoke = [e for e in past.facts if isinstance(e.event, UserSpoke) and e.sequence > settled]
        if not spoke:
            return None
        message = await self._log.last(past.start.conversation, f"{MessageReceived.type}.>")
        is_spoken = (
            message is not None
            and message.sequence > settled
            and isinstance(message.event, MessageReceived)
            and message.event.protocol == PROTOCOL
        )
        return message if is_spoken else None

    async def _said(self, key: str) -> Sequence[Said]:
        """The conversation so far, for engines that hold it themselves."""
        try:
            start = await self._start(key)
            reads = [self._log.read(key, after=start.sequence, pattern=pattern) for pattern in PATTERNS]
            events = [event for read in reads async for event in read]
        except (LogError, Refused) as error:
            raise EngineError(f"what was said before is not known: {error}") from error
        return said(sorted(events, key=lambda event: event.sequence))


def _no_reply(transcript: str | None, reply: str, _language: Language) -> AsyncIterator[str | Answer]:
    """For engines that never ask."""
    raise EngineError(f"nobody gives {reply} to {transcript!r}")
