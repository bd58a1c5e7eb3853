"""A client of the voice protocol that knows only its page."""

import asyncio
import base64
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote, urlencode

import httpx
import jwt
import nats
import numpy as np
import pytest
import soxr
from nats.js.errors import NotFoundError
from tests.spoken import SPOKEN_RATE, spoken
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from contracts.subjects import PAYLOAD_BUCKET
from eventlog.admin.permissions import OPERATOR
from parley.stack.nats import password as nats_password

RATE = 24_000
FRAME_MS = 40
FRAME_BYTES = RATE * 2 * FRAME_MS // 1000
PATIENCE_SECONDS = 30.0
SECRET = "a secret that is long enough for HS256"

RECITAL = Path(__file__).with_name("recital.py")
LIGHT = {"PARLEY_VOICE_EARS": "grammar", "PARLEY_VOICE_MOUTH": "espeak"}
"""The ears and mouth that are always installed; they understand espeak-ng, which speaks in tests."""

Running: TypeAlias = Callable[..., AbstractContextManager[Any]]


def speech(text: str, voice: str = "en-us+f3", rate: int = 150) -> bytes:
    """Text as PCM16, mono, 24 kHz, with the silence around it that a person leaves."""
    samples = np.frombuffer(spoken(text, voice, rate), "<i2").astype(np.float32) / 32768
    said = (np.clip(soxr.resample(samples, SPOKEN_RATE, RATE), -1, 1) * 32767).astype("<i2").tobytes()
    return silence(400) + bytes(said)


def silence(milliseconds: int) -> bytes:
    return bytes(RATE * 2 * milliseconds // 1000)


def loudness(pcm: bytes) -> float:
    """Root mean square, of 32768."""
    return float(np.sqrt(np.mean(np.frombuffer(pcm, "<i2").astype(np.float64) ** 2))) if pcm else 0.0


@dataclass
class Caller:
    """One connection; every frame that came is kept with the time at which it did."""

    socket: ClientConnection
    frames: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    audio: bytearray = field(default_factory=bytearray)
    closed: int | None = None
    _came: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listen(self) -> None:
        """Keep what comes until the server closes."""
        try:
            async for text in self.socket:
                frame = json.loads(text)
                async with self._came:
                    self.frames.append((time.monotonic(), frame))
                    if frame["type"] == "audio.delta":
                        self.audio += base64.b64decode(frame["delta"])
                    self._came.notify_all()
        except ConnectionClosed:
            pass
        async with self._came:
            self.closed = self.socket.close_code
            self._came.notify_all()

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [frame for _, frame in self.frames if frame["type"] == kind]

    async def expect(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The frame of a kind that makes `count` of them."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._came:
                await self._came.wait_for(lambda: len(self.of(kind)) >= count or self.closed is not None)
        except TimeoutError:
            pass
        seen = [frame["type"] for _, frame in self.frames if frame["type"] != "audio.delta"]
        assert len(self.of(kind)) >= count, f"no {kind} ({count}): {seen}, closed {self.closed}"
        return self.of(kind)[count - 1]

    async def expect_close(self) -> int:
        async with asyncio.timeout(PATIENCE_SECONDS), self._came:
            await self._came.wait_for(lambda: self.closed is not None)
        assert self.closed is not None
        return self.closed

    async def send(self, **frame: Any) -> None:
        await self.socket.send(json.dumps(frame))

    async def append(self, pcm: bytes) -> None:
        await self.send(type="input_audio_buffer.append", audio=base64.b64encode(pcm).decode())

    async def say(self, pcm: bytes) -> None:
        """Stream audio as a microphone does."""
        began = time.monotonic()
        for number, start in enumerate(range(0, len(pcm), FRAME_BYTES)):
            await asyncio.sleep(max(0.0, began + number * FRAME_MS / 1000 - time.monotonic()))
            await self.append(pcm[start : start + FRAME_BYTES])

    @asynccontextmanager
    async def microphone(self) -> AsyncIterator["Microphone"]:
        """A microphone that is always on."""
        microphone = Microphone(self)
        task = asyncio.create_task(microphone.run())
        try:
            yield microphone
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@dataclass
class Microphone:
    """Sends what is spoken into it, and silence in between."""

    caller: Caller
    _waiting: bytearray = field(default_factory=bytearray)

    def speak(self, pcm: bytes) -> float:
        """Say something now; the time at which its last sample will have been sent."""
        self._waiting += pcm
        return time.monotonic() + len(pcm) / (RATE * 2)

    async def run(self) -> None:
        while True:
            frame = bytes(self._waiting[:FRAME_BYTES]).ljust(FRAME_BYTES, b"\0")
            del self._waiting[:FRAME_BYTES]
            await self.caller.say(frame)
            await asyncio.sleep(FRAME_MS / 1000)


@dataclass
class Voice:
    """The voice protocol of one running stack."""

    stack: Any

    speech = staticmethod(speech)
    silence = staticmethod(silence)
    loudness = staticmethod(loudness)

    def token(self, user: str, secret: str = SECRET, **claims: Any) -> str:
        """A token as an identity provider signs it."""
        return jwt.encode({"sub": user, "exp": int(time.time()) + 600} | claims, secret, algorithm="HS256")

    async def create(self, user: str | None = None, **body: Any) -> dict[str, Any]:
        """A new session, of a member or a guest."""
        path = "/api/v1/chat/sessions" if user else "/api/v1/chat/guest-sessions"
        headers = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        async with httpx.AsyncClient(base_url=self.stack.url()) as client:
            answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        session: dict[str, Any] = answer.json()
        return session

    async def history(self, session_id: str, user: str) -> list[dict[str, Any]]:
        """What ``GET /history/{chat_id}`` says about the session."""
        answer = await self.get(f"/history/{session_id}", user)
        assert answer.status_code == 200, answer.text
        entries: list[dict[str, Any]] = answer.json()
        return entries

    async def get(self, path: str, user: str | None) -> httpx.Response:
        """The answer to a request of a user, or of somebody without a token."""
        headers = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        async with httpx.AsyncClient(base_url=self.stack.url(), headers=headers) as client:
            return await client.get(path)

    async def facts(self, session_id: str, event_type: str) -> list[dict[str, Any]]:
        """The session's events of one type as the log has them."""
        events = await asyncio.to_thread(self.stack.export, session_id)
        return [event["payload"] for event in events if event["subject"] == event_type]

    async def objects(self) -> dict[str, bytes]:
        """All that the stack's object store holds, by name."""
        data = self.stack.folder / "data"
        found = re.search(r"127.0.0.1:(\d+)", (data / "nats-server.conf").read_text())
        assert found
        password = nats_password(OPERATOR, (data / "nats.secret").read_text().strip())
        client = await nats.connect(f"nats://127.0.0.1:{found[1]}", user=OPERATOR, password=password)
        try:
            bucket = await client.jetstream().object_store(PAYLOAD_BUCKET)
            try:
                names = [entry.name for entry in await bucket.list() if not entry.deleted]
            except NotFoundError:  # what the client raises for an empty one
                names = []
            return {name: (await bucket.get(name)).data or b"" for name in names}
        finally:
            await client.close()

    async def text_turn(self, session_id: str, user: str, message: str) -> list[dict[str, Any]]:
        """A turn over the agent protocol, by the session's owner."""
        path = f"/chat/{session_id}?token={self.token(user)}"
        async with connect(self.stack.url("PARLEY_AGENT_WS_PORT", "ws") + path) as socket:
            await socket.send(json.dumps({"type": "client", "message": message, "message_id": "text-1"}))
            frames = [json.loads(await socket.recv())]
            while frames[-1]["type"] == "agent_step":
                frames.append(json.loads(await socket.recv()))
        return frames

    @asynccontextmanager
    async def call(self, session_id: str, user: str | None = None, **query: str) -> AsyncIterator[Caller]:
        """A connection to a session, by a member or a guest."""
        kind = "chat" if user else "guest-chat"
        if user:
            query = {"token": self.token(user)} | query
        path = f"/api/v1/chat/ws/{kind}/{quote(session_id)}?{urlencode(query)}"
        async with connect(self.stack.url(scheme="ws") + path, max_size=None) as socket:
            caller = Caller(socket)
            listening = asyncio.create_task(caller.listen())
            try:
                yield caller
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)


@pytest.fixture(scope="session")
def voice_stack(running: Running, unused_port: Callable[[], int]) -> Running:
    """Starts stacks whose tokens are signed with a secret that the tests know."""

    def start(folder: Path, **environment: str) -> AbstractContextManager[Any]:
        return running(folder, unused_port, **LIGHT | {"PARLEY_JWT_SECRET": SECRET} | environment)

    return start


@pytest.fixture(scope="session")
def voice_of() -> Callable[[Any], Voice]:
    """The voice protocol of a stack, for tests that start their own kind of it."""
    return Voice


@pytest.fixture(scope="session")
def spoken_stack(tmp_path_factory: pytest.TempPathFactory, voice_stack: Running) -> Iterator[Any]:
    """One stack for all tests that do it no harm."""
    graphs = f"recital={RECITAL}:graph,stumbling={RECITAL}:stumbling"
    with voice_stack(tmp_path_factory.mktemp("voice"), PARLEY_GRAPHS=graphs) as stack:
        yield stack


@pytest.fixture
def voice(spoken_stack: Any) -> Voice:
    return Voice(spoken_stack)


@pytest.fixture
def own_voice(tmp_path: Path, voice_stack: Running) -> Iterator[Voice]:
    """A stack for one test, which may kill what it likes."""
    with voice_stack(tmp_path / "stack") as stack:
        yield Voice(stack)
