"""One voice client and the replica of voice-bridge that holds its session, or the next one that does.

One task reads the client's frames and sends them on; another passes on what voice-bridge sends. When a
replica falls silent the session is opened on another, and the client's frames wait meanwhile.
"""

import asyncio
import logging
from collections import deque
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
from eventlog.query import ask
from protocols.voice.link import BEAT, LEFT, MOVED, OPENING_SECONDS, code_of, pack, unpack_server
from protocols.voice.wire import (
    SAMPLE_BYTES,
    SAMPLE_RATE,
    ClientFrame,
    Disconnect,
    Error,
    FrameError,
    decode,
    encode,
)

logger = logging.getLogger(__name__)

BEAT_SECONDS: Final = 0.5
DEAD_SECONDS: Final = 2.0
"""A replica that has been silent for so long is given up."""
OPEN_SECONDS: Final = OPENING_SECONDS + 1
_FIRST_BACKOFF_SECONDS: Final = 0.1
_HELD_FRAMES: Final = 500
_BASE64: Final = 4 / 3


class NoBridge(Exception):
    """No replica of voice-bridge takes the session."""


class _ClientLeft(Exception):
    pass


class VoiceTalk:
    """The talk of one connection."""

    def __init__(
        self, broker: Broker, connection: Connection, session_id: str, settings: EdgeSettings
    ) -> None:
        self._broker = broker
        self._connection = connection
        self._session_id = session_id
        self._settings = settings
        self._link: Link | None = None
        self._held: deque[ClientFrame] = deque(maxlen=_HELD_FRAMES)
        self._farewell: Disconnect | None = None
        """The client's wish to end, which must reach whichever replica holds the session then."""

    async def hold(self) -> int:
        """Until the session ends or the client leaves; the code to close with."""
        code = 1000
        try:
            async with asyncio.TaskGroup() as group:
                reading = group.create_task(self._read())
                code = await self._serve()
                reading.cancel()
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

    async def _serve(self) -> int:
        while True:
            token = uuid4().hex
            async with client_end(self._broker, token) as link:
                await self._open(token)
                try:
                    code = await self._follow(link)
                finally:
                    self._link = None
            if code is not None:
                return code
            logger.warning("voice session %r lost its replica; opening it elsewhere", self._session_id)
            if self._farewell is not None and self._farewell not in self._held:
                self._held.append(self._farewell)

    async def _open(self, token: str) -> None:
        question = OpenVoice(conversation=self._session_id, link=token)
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
                    await self._connection.send(text)
        return None


async def _beat(link: Link) -> None:
    while True:
        await link.send(BEAT)
        await asyncio.sleep(BEAT_SECONDS)
