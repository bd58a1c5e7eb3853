"""The connection to the Realtime API: opened, kept, replaced by a fresh one that is told what was said.

A fresh upstream session takes the place of the present one when the voice changes, before the server's time
limit, and when the connection breaks. The user's audio is held back until it is ready.
"""

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from itertools import count
from math import inf
from typing import Any, Final

import openai
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from prometheus_client import Counter
from websockets.exceptions import WebSocketException

from protocols.voice.wire import Voice
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.language import Language, language_of
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.speech import (
    AudioChunk,
    EngineEvent,
    EngineFailed,
    UserTranscript,
    duration_ms,
)
from voice_bridge.engines.faults import reason
from voice_bridge.engines.realtime.model import (
    CANCEL,
    COMMIT,
    RESPOND,
    ClientEvent,
    Limits,
    Model,
    append,
    say,
    seed,
    session_update,
)
from voice_bridge.engines.realtime.outcomes import ApprovalRequest, Fault, Outcome, ToolRequest, Unread
from voice_bridge.engines.realtime.tools import Calls
from voice_bridge.engines.realtime.upstream import Upstream
from voice_bridge.ports import EngineError, Surroundings

logger = logging.getLogger(__name__)

_BROKEN: Final = (openai.OpenAIError, WebSocketException, OSError, EOFError)
_NONSENSE: Final = (AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What reading an event raises that is not what the API documents."""
_SHORTEST_TURN_MS: Final = 100
"""The API refuses to commit less."""
_RECORDED_AFTER: Final = 0.5
"""Seconds after the end of a reply's playing by which the conversation's history has it."""


class RealtimeSession:
    """An `EngineSession` over a sequence of upstream sessions."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        model: Model,
        vad: VadSettings,
        limits: Limits,
        unread: Counter,
        surroundings: Surroundings,
    ) -> None:
        """Speak through `client`; events that mean nothing here are counted by `unread`."""
        self._unread = unread
        self._language: Language = surroundings.language or "en"
        self._client = client
        self._model = model
        self._vad = vad
        self._limits = limits
        self._surroundings = surroundings
        self._voice = surroundings.voice
        self._events: asyncio.Queue[EngineEvent | None] = asyncio.Queue()
        self._numbers = count(1)
        self._upstream = Upstream("reply-0")
        self._connection: AsyncRealtimeConnection | None = None
        self._held: deque[ClientEvent] = deque(maxlen=limits.held_events)
        self._open_ms = 0.0
        """Audio of the turn that the user has yet to end by hand; counted only where turns end so."""
        self._replace = False
        self._replace_after = 0.0
        self._played_at = 0.0
        self._told_at = 0.0
        """When the service said something that counts last, or was told something."""
        self._patience: asyncio.Timeout | None = None
        self._opened: asyncio.Future[None] | None = None
        self._running: asyncio.Task[None] | None = None
        self._calls = Calls(surroundings.call_tool, self._send, self._is_present)

    async def open(self) -> None:
        """As `EngineSession.open`."""
        self._opened = asyncio.get_running_loop().create_future()
        self._running = asyncio.create_task(self._run(self._opened))
        await self._opened

    async def push_audio(self, pcm: bytes) -> None:
        """As `EngineSession.push_audio`."""
        if not self._vad.enabled:
            self._open_ms += duration_ms(pcm)
        await self._send(append(pcm))

    @property
    def has_turn(self) -> bool:
        """As `EngineSession.has_turn`."""
        return self._upstream.user_speaks or self._open_ms >= _SHORTEST_TURN_MS

    async def commit(self) -> None:
        """As `EngineSession.commit`."""
        if self.has_turn:
            self._upstream.asked(round(self._open_ms))
            self._open_ms = 0.0
            await self._send(COMMIT)
            await self._send(RESPOND)

    async def respond(self) -> None:
        """As `EngineSession.respond`."""
        if self._upstream.is_answering:
            return
        if self.has_turn:
            await self.commit()
        else:
            self._upstream.asked()
            await self._send(RESPOND)

    async def interrupt(self, heard_ms: int, turn: str | None = None) -> None:
        """As `EngineSession.interrupt`."""
        self._played_at = self._now()
        for event in self._upstream.interrupt(heard_ms, turn):
            if self._upstream.is_ready:
                await self._send(event)

    async def prompt(self, name: str) -> None:
        """As `EngineSession.prompt`."""
        if not self._upstream.is_answering and not self.has_turn:
            self._upstream.asked()
            await self._send(say(phrase(name, self._language)))

    def played(self, pcm: bytes, until: float) -> None:
        """As `EngineSession.played`; the service tells an echo from the user by itself."""

    async def update(self, voice: Voice) -> None:
        """As `EngineSession.update`; upstream never changes a voice it has used, so a fresh session does."""
        if voice != self._voice:
            self._voice = voice
            self._replace = True
            if self._patience is not None:
                self._patience.reschedule(self._replacement_due())

    async def close(self) -> None:
        """As `EngineSession.close`."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._calls.close()
        self._events.put_nowait(None)

    async def events(self) -> AsyncIterator[EngineEvent]:
        """As `EngineSession.events`."""
        while (event := await self._events.get()) is not None:
            yield event

    def _is_present(self, upstream: Upstream) -> bool:
        return self._upstream is upstream

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _run(self, opened: asyncio.Future[None]) -> None:
        failures = 0
        while True:
            ready_at = inf
            try:
                async with self._client.realtime.connect(model=self._model.name) as connection:
                    await self._prepare(connection)
                    ready_at = self._now()
                    if not opened.done():
                        opened.set_result(None)
                    await self._follow(connection)
            except (*_BROKEN, EngineError) as error:
                failures = failures + 1 if self._now() < ready_at + self._limits.ready else 1
                logger.warning("realtime connection failed (%d): %s", failures, reason(error))
                self._heed(self._upstream.break_off())
                if failures >= self._limits.attempts:
                    self._give_up(opened)
                    return
                delay = self._limits.first_delay * 2 ** (failures - 1)
                await asyncio.sleep(min(delay, self._limits.longest_delay))
            except Exception:
                logger.exception("realtime session failed")
                self._give_up(opened)
                return
            finally:
                self._connection = None

    def _give_up(self, opened: asyncio.Future[None]) -> None:
        message = phrase("no_service", self._language)
        if opened.done():
            self._events.put_nowait(EngineFailed(message, fatal=True))
        else:
            opened.set_exception(EngineError(message))

    async def _prepare(self, connection: AsyncRealtimeConnection) -> None:
        """Set a fresh upstream session up, tell it what was said, and hand it what was held back."""
        before = self._upstream
        self._heed(before.break_off())
        self._upstream = upstream = Upstream(f"reply-{next(self._numbers)}")
        upstream.owes_reply = before.owes_reply
        async with asyncio.timeout(self._limits.ready):
            tools = self._surroundings.tools
            await _write(connection, session_update(self._model, self._voice, self._vad, tools))
            while not upstream.is_ready:
                outcomes = self._read(await connection.recv_bytes())
                if fault := next((each for each in outcomes if isinstance(each, Fault)), None):
                    raise EngineError(fault.reason)
                self._heed(outcomes)
        self._replace = False
        self._replace_after = self._now() + self._limits.session
        for event in seed(await self._surroundings.history()):
            await _write(connection, event)
        if upstream.owes_reply and RESPOND not in self._held:
            await _write(connection, RESPOND)
        while self._held:
            await _write(connection, self._held[0])
            self._held.popleft()
        self._connection = connection

    async def _follow(self, connection: AsyncRealtimeConnection) -> None:
        """Take events until it is time for a fresh session."""
        self._told_at = self._now()
        while True:
            overdue = (self._told_at if self._is_waiting else self._now()) + self._limits.answer
            try:
                async with asyncio.timeout_at(min(self._replacement_due(), overdue)) as self._patience:
                    message = await connection.recv_bytes()
            except TimeoutError:
                if self._replacement_due() <= self._now():
                    return
                if self._is_waiting and self._told_at + self._limits.answer <= self._now():
                    await _write(connection, CANCEL)
                    self._heed(self._upstream.give_up())
                continue
            finally:
                self._patience = None
            outcomes = self._read(message)
            if any(not isinstance(outcome, Unread) for outcome in outcomes):
                self._told_at = self._now()
            self._heed(outcomes)

    @property
    def _is_waiting(self) -> bool:
        """Whether it is for the service to say something."""
        return self._upstream.is_answering and not self._calls.are_open

    def _replacement_due(self) -> float:
        """When this session is to be replaced, as things are: when nobody speaks, or at the hard limit."""
        hard = self._replace_after + self._limits.session_hard - self._limits.session
        if not self._replace and self._now() < self._replace_after:
            return self._replace_after
        is_idle = self._upstream.is_idle and not self._calls.are_open and not self._open_ms
        return min(hard, self._played_at + _RECORDED_AFTER) if is_idle else hard

    def _read(self, message: bytes) -> list[Outcome]:
        """What a message of the service's comes to; one that cannot be read is passed over."""
        try:
            event: Any = json.loads(message)
            return self._upstream.receive(event)
        except _NONSENSE as error:
            logger.warning("an event of the realtime service cannot be read: %s", reason(repr(error)))
            return [Unread("unreadable")]

    def _heed(self, outcomes: Sequence[Outcome]) -> None:
        requests: list[ToolRequest | ApprovalRequest] = []
        for outcome in outcomes:
            match outcome:
                case ToolRequest() | ApprovalRequest():
                    requests.append(outcome)
                    continue
                case Fault(name, why, tool):
                    logger.warning("realtime service: %s", reason(why))
                    self._events.put_nowait(EngineFailed(phrase(name, self._language, tool=tool)))
                    continue
                case Unread(kind):
                    self._unread.labels(kind).inc()
                    continue
                case AudioChunk(_, _, pcm):
                    self._played_at = max(self._played_at, self._now()) + duration_ms(pcm) / 1000
                case UserTranscript(_, text) if text:
                    self._language = language_of(text, self._language)
            self._events.put_nowait(outcome)
        if requests:
            self._calls.answer(requests, self._upstream)

    async def _send(self, event: ClientEvent) -> None:
        """Send an event, or hold it back until a session is ready."""
        if event["type"] != "input_audio_buffer.append":
            self._told_at = self._now()
        connection = self._connection
        if connection is not None:
            try:
                await _write(connection, event)
            except _BROKEN as error:
                logger.info("held back for the next session: %s", error)
            else:
                return
        self._held.append(event)


async def _write(connection: AsyncRealtimeConnection, event: ClientEvent) -> None:
    await connection.send_raw(json.dumps(event))
