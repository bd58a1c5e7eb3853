"""One voice client and the replica of voice-bridge that holds its session, or the next one that does.

One task reads the client's frames and sends them on; another passes on what voice-bridge sends. When a
replica falls silent the session is opened on another, and the client's frames wait meanwhile.
"""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from access.limits import Bucket
from chassis.backoff import delays
from contracts.queries import VOICE_OPEN, OpenVoice, VoiceOpened
from edge_ws.connection import Connection
from edge_ws.flood import Meter
from edge_ws.settings import EdgeSettings
from eventlog.broker import Broker
from eventlog.link import Link, client_end
from eventlog.ports import LogError
from eventlog.query import Refused, ask
from protocols.voice.link import (
    BEAT,
    LEFT,
    MOVED,
    OPENING_SECONDS,
    code_of,
    kind_of,
    pack,
    unpack_server,
)
from protocols.voice.wire import (
    SAMPLE_BYTES,
    SAMPLE_RATE,
    AppendAudio,
    AudioDone,
    ClientFrame,
    Disconnect,
    Error,
    FrameError,
    ServerFrame,
    SpeechStopped,
    decode,
    encode,
)

logger = logging.getLogger(__name__)

BEAT_SECONDS: Final = 0.5
DEAD_SECONDS: Final = 2.0
"""A replica that has been silent for so long is given up."""
OPEN_SECONDS: Final = OPENING_SECONDS + 1
_FIRST_BACKOFF_SECONDS: Final = 0.1
_BUSY_TRIES: Final = 4
"""Each asks any replica: one of them may have a place."""
_HELD_BYTES: Final = 4 << 20
"""Of the client's frames while no replica takes them; a minute and a half of audio."""
_FRAME_BYTES: Final = 200
"""What a frame takes beside its audio."""
_BASE64: Final = 4 / 3


class NoBridge(Exception):
    """No replica of voice-bridge takes the session."""


class Busy(Exception):
    """Every replica holds as many sessions as it may."""


class Expired(Exception):
    """The token that the client came with has expired."""


class _ClientLeft(Exception):
    pass


class Held:
    """The client's frames that wait for a replica, the newest of them where they grow too many."""

    def __init__(self, limit: int = _HELD_BYTES) -> None:
        self._frames: deque[ClientFrame] = deque()
        self._limit = limit
        self._bytes = 0

    def __contains__(self, frame: ClientFrame) -> bool:
        return frame in self._frames

    def __bool__(self) -> bool:
        return bool(self._frames)

    def append(self, frame: ClientFrame) -> None:
        """Add the newest."""
        self._frames.append(frame)
        self._bytes += _size(frame)
        while self._bytes > self._limit:
            self.popleft()

    def popleft(self) -> ClientFrame:
        """The oldest."""
        frame = self._frames.popleft()
        self._bytes -= _size(frame)
        return frame


def _size(frame: ClientFrame) -> int:
    return _FRAME_BYTES + (len(frame.audio) if isinstance(frame, AppendAudio) else 0)


@dataclass(slots=True)
class _Shown:
    """What the client was told and waits for the end of."""

    speech: bool = False
    audio: bool = False

    def take(self, message: bytes) -> None:
        """A message of the replica's that is passed on."""
        match kind_of(message):
            case "audio.delta":
                self.audio = True
            case "audio.done":
                self.audio = False
            case "speech.started":
                self.speech = True
            case "speech.stopped":
                self.speech = False

    def endings(self) -> list[ServerFrame]:
        """What ends all of it."""
        frames: list[ServerFrame] = [SpeechStopped()] if self.speech else []
        frames += [AudioDone()] if self.audio else []
        self.speech = self.audio = False
        return frames


class VoiceTalk:
    """The talk of one connection."""

    def __init__(
        self,
        broker: Broker,
        connection: Connection,
        session_id: str,
        settings: EdgeSettings,
        expires_at: datetime | None = None,
    ) -> None:
        """Hold a talk; it ends when the client's token expires, if it came with one."""
        self._broker = broker
        self._connection = connection
        self._session_id = session_id
        self._settings = settings
        self._link: Link | None = None
        self._held = Held()
        self._shown = _Shown()
        self._expires_at = expires_at
        self._farewell: Disconnect | None = None
        """The client's wish to end, which must reach whichever replica holds the session then."""

    async def hold(self) -> int:
        """Until the session ends or the client leaves; the code to close with."""
        code = 1000
        try:
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(self._read())
                expiring = group.create_task(self._expire())
                code = await self._serve()
                reading.cancel()
                expiring.cancel()
        except* _ClientLeft:
            pass
        return code

    async def refuse(self, problem: FrameError) -> None:
        """Tell the client what was not understood."""
        await self._connection.send(encode(Error(code=problem.code, message=str(problem))))

    async def _read(self) -> None:
        clock = asyncio.get_running_loop().time
        audio = SAMPLE_RATE * SAMPLE_BYTES * _BASE64
        meter = Meter(
            (
                Bucket(self._settings.voice_frame_rate, self._settings.voice_frame_burst, clock),
                Bucket(audio * self._settings.voice_speed, audio * self._settings.voice_burst, clock),
            ),
            self._settings.flood_patience,
            clock,
        )
        async for text in self._connection.frames():
            if wait := meter.wait(1, len(text)):
                await asyncio.sleep(wait)
            try:
                frame = decode(text)
            except FrameError as error:
                await self.refuse(error)
                continue
            if isinstance(frame, Disconnect):
                self._farewell = frame
            if self._link is None:
                self._held.append(frame)
            else:
                await self._link.send(pack(frame))
        if self._link is not None:
            await self._link.send(LEFT)
        raise _ClientLeft

    async def _expire(self) -> None:
        if self._expires_at is None:
            return
        await asyncio.sleep((self._expires_at - datetime.now(UTC)).total_seconds())
        if self._link is not None:
            await self._link.send(LEFT)
        raise Expired

    async def _serve(self) -> int:
        was_cut_off, tries = False, _BUSY_TRIES
        while True:
            token = uuid4().hex
            async with client_end(self._broker, token) as link:
                await self._open(token, was_cut_off=was_cut_off, tries=tries)
                try:
                    code = await self._follow(link)
                finally:
                    self._link = None
            if code is not None:
                return code
            logger.warning("voice session %r lost its replica; opening it elsewhere", self._session_id)
            was_cut_off, tries = self._shown.speech, 0
            for frame in self._shown.endings():
                await self._connection.send(encode(frame))
            if self._farewell is not None and self._farewell not in self._held:
                self._held.append(self._farewell)

    async def _open(self, token: str, *, was_cut_off: bool, tries: int) -> None:
        """Have a replica hold the session; `tries` is how often it may be busy, 0 for ever."""
        question = OpenVoice(conversation=self._session_id, link=token, was_cut_off=was_cut_off)
        backoff = delays(_FIRST_BACKOFF_SECONDS)
        last: Exception | None = None
        try:
            async with asyncio.timeout(self._settings.reopen_timeout):
                while True:
                    try:
                        await ask(
                            self._broker, VOICE_OPEN, question, VoiceOpened, timeout_seconds=OPEN_SECONDS
                        )
                    except LogError as error:
                        last = error
                        if isinstance(error, Refused) and error.failure.failure == "busy":
                            tries -= 1
                            if not tries:
                                raise Busy from error
                        await asyncio.sleep(next(backoff))
                    else:
                        return
        except TimeoutError:
            raise NoBridge(f"no replica of voice-bridge opens it: {last}") from last

    async def _follow(self, link: Link) -> int | None:
        """Pass on what comes until the replica ends the session, giving the code, or dies, giving None."""
        async with asyncio.TaskGroup() as group:
            beating = group.create_task(_beat(link))
            while self._held:
                await link.send(pack(self._held.popleft()))
            self._link = link
            code = await self._pass_on(link)
            beating.cancel()
        return code

    async def _pass_on(self, link: Link) -> int | None:
        while (messages := await link.receive(DEAD_SECONDS)) is not None:
            for message in messages:
                if (code := code_of(message)) is not None:
                    return None if code == MOVED else code
                if (text := unpack_server(message)) is not None:
                    self._shown.take(message)
                    await self._connection.send(text)
        return None


async def _beat(link: Link) -> None:
    while True:
        await link.send(BEAT)
        await asyncio.sleep(BEAT_SECONDS)
