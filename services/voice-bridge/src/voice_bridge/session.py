"""One voice session: the client's frames, an engine, the talk between them, and the log behind it all."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

from contracts.events import VoiceSessionEnded, VoiceSettingsChanged
from eventlog.ports import LogError
from eventlog.turns.refusals import Missing
from protocols.voice.link import BEAT, LEFT, MOVED, left, unpack_client
from protocols.voice.wire import (
    CLOSE_NO_SESSION,
    CLOSE_SERVER_ERROR,
    CLOSE_TAKEN,
    AppendAudio,
    ClientFrame,
    CommitAudio,
    CreateResponse,
    Disconnect,
    Disconnected,
    Error,
    ReportPlayback,
    UpdateSession,
)
from voice_bridge.domain.effects import Effect
from voice_bridge.domain.talk import Talk
from voice_bridge.metrics import TurnTimer
from voice_bridge.ports import EngineError
from voice_bridge.recorder import Replaced
from voice_bridge.stage import CLOSE_NORMAL, Ended, Parts, Stage

logger = logging.getLogger(__name__)

BEAT_SECONDS: Final = 0.5
CLIENT_GONE_SECONDS: Final = 5.0
"""An edge that has been silent for so long has died, and its client with it."""
WRITE_SECONDS: Final = 15.0


class Session:
    """One connection's share of a session."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._link = parts.link
        self._engine = parts.engine
        self._recorder = parts.recorder
        self._clock = parts.clock
        self._talk = Talk(parts.clock(), patience=parts.patience)
        self._timer = TurnTimer(parts.metrics)
        self._stage = Stage(parts, self._timer)
        self._changed = asyncio.Event()
        self._giving_up = asyncio.Event()

    async def run(self, *, resume: bool, was_cut_off: bool) -> None:
        """Until the client leaves, or another connection takes the session.

        Args:
            resume: begin with the reply that was under way when another replica died.
            was_cut_off: the user was speaking then, and what they said is lost.
        """
        ended = Ended("server error", CLOSE_SERVER_ERROR)
        writer = asyncio.create_task(self._recorder.write())
        try:
            await self._hold(writer, resume=resume, was_cut_off=was_cut_off)
        except* Ended as endings:
            ended = next(each for each in endings.exceptions if isinstance(each, Ended))
        except* (EngineError, LogError) as errors:
            logger.warning("voice session %r: %s", self._parts.conversation, errors.exceptions[0])
        finally:
            await self._finish(ended, writer)
            writer.cancel()

    def give_up(self) -> None:
        """End soon, so that another replica takes the session on."""
        self._giving_up.set()

    async def _hold(self, writer: "asyncio.Task[None]", *, resume: bool, was_cut_off: bool) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen_to_engine())
            group.create_task(self._listen_to_client())
            group.create_task(self._keep_time())
            group.create_task(self._beat())
            group.create_task(self._give_way())
            group.create_task(self._move())
            group.create_task(self._watch(writer))
            if self._parts.replies:
                group.create_task(self._parts.replies.follow(self._parts.tail))
            if was_cut_off:
                await self._engine.prompt("say_again")
            elif resume:
                await self._engine.respond()

    async def _watch(self, writer: "asyncio.Task[None]") -> None:
        await asyncio.wait([writer])
        if isinstance(writer.exception(), Missing):
            raise Ended("the conversation was deleted", CLOSE_NO_SESSION)
        if isinstance(writer.exception(), Replaced):
            raise Ended("the session was opened elsewhere", CLOSE_TAKEN)
        raise Ended(f"the log does not take what happens: {writer.exception()}", CLOSE_SERVER_ERROR)

    async def _move(self) -> None:
        await self._giving_up.wait()
        raise Ended("the replica ends", MOVED)

    async def _finish(self, ended: Ended, writer: "asyncio.Task[None]") -> None:
        await self._apply(self._talk.end(self._clock()))
        await self._engine.close()
        connected_ms = self._talk.total_ms(self._clock())
        self._recorder.note(VoiceSessionEnded(connected_ms=connected_ms, reason=str(ended)))
        written = asyncio.create_task(self._recorder.written())
        await asyncio.wait({written, writer}, timeout=WRITE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        written.cancel()
        if ended.code == CLOSE_NORMAL:
            report = self._recorder.session.report(self._parts.conversation)
            await self._stage.send(Disconnected(report=report))
        elif ended.code == CLOSE_SERVER_ERROR:
            await self._stage.send(Error(code="server_error", message=str(ended)))
        if ended.code is not None:
            await self._link.send(left(ended.code))

    async def _listen_to_engine(self) -> None:
        async for event in self._engine.events():
            self._parts.keeping.hear(event)
            self._timer.engine(event, self._clock())
            await self._apply(self._talk.on_engine(event, self._clock()))
        raise Ended("the engine ended", CLOSE_SERVER_ERROR)

    async def _listen_to_client(self) -> None:
        while (messages := await self._link.receive(CLIENT_GONE_SECONDS)) is not None:
            for message in messages:
                if message == LEFT:
                    raise Ended("the client left", None)
                if (frame := unpack_client(message)) is not None:
                    await self._take(frame)
        raise Ended("the connection was lost", None)

    async def _take(self, frame: ClientFrame) -> None:
        match frame:
            case AppendAudio(audio=pcm):
                self._parts.keeping.push(pcm)
                await self._engine.push_audio(pcm)
            case CommitAudio():
                if self._parts.manual_turns and self._engine.has_turn:
                    await self._apply(self._talk.cut(self._clock()))
                await self._engine.commit()
            case CreateResponse():
                if self._talk.may_respond:
                    await self._engine.respond()
            case UpdateSession(config=config):
                if config.voice != self._recorder.session.voice:
                    self._recorder.note(VoiceSettingsChanged(voice=config.voice))
                await self._engine.update(config.voice)
            case ReportPlayback(audio_end_ms=position):
                await self._apply(self._talk.report_playback(round(position), self._clock()))
            case Disconnect():
                raise Ended("the client ended the session", CLOSE_NORMAL)

    async def _keep_time(self) -> None:
        while True:
            due = self._talk.next_due(self._clock())
            try:
                async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                    await self._changed.wait()
            except TimeoutError:
                await self._apply(self._talk.tick(self._clock()))
            self._changed.clear()

    async def _beat(self) -> None:
        while True:
            await self._link.send(BEAT)
            await asyncio.sleep(BEAT_SECONDS)

    async def _give_way(self) -> None:
        await self._parts.holding.lost()
        raise Ended("the session was opened elsewhere", CLOSE_TAKEN)

    async def _apply(self, effects: Sequence[Effect]) -> None:
        await self._stage.apply(effects)
        self._changed.set()
