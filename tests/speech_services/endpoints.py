"""A local server with the documented transcription and speech calls; the test says what it hears."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes
from typing import TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

SECONDS = 30.0
ODD_BLOCK = 999
Say: TypeAlias = Callable[[str, str], bytes]
"""A text in a voice as PCM16 at 24 kHz."""


def _silence(_text: str, _voice: str) -> bytes:
    return bytes(10 * ODD_BLOCK)


def settings_for(port: int) -> dict[str, str]:
    """What makes a stack hear and speak by a server on a port."""
    return {
        "PARLEY_VOICE": "cascade",
        "PARLEY_VOICE_URL": f"http://127.0.0.1:{port}/v1",
        "PARLEY_VOICE_KEY": "k",
        "PARLEY_TRANSCRIPTION_MODEL": "ears",
        "PARLEY_SPEECH_MODEL": "mouth",
    }


class SpeechServer:
    """Answers with what the test sets, and keeps what it was asked.

    Attributes:
        text: what is understood.
        status: the status of every answer.
        failures: how many answers yet are a 503, whatever `status` says.
        breaks_after: blocks of speech after which the connection is lost; 0 for never.
        stalls_after: blocks of speech after which nothing comes any more; 0 for never.
        odd: an answer to every call instead of the documented one.
        spoken: text, voice and authorization of each speech call.
        speeds: the pace that each of them asked for.
        languages: what each transcription call said to expect.
    """

    def __init__(self, say: Say = _silence) -> None:
        self.text = "find alice"
        self.status = 200
        self.failures = 0
        self.breaks_after = 0
        self.stalls_after = 0
        self.odd: Callable[[], Awaitable[Response]] | None = None
        self.speeds: list[float] = []
        self.languages: list[str] = []
        self.recordings: list[bytes] = []
        self.spoken: list[tuple[str, str, str]] = []
        self._say = say
        self.app = Starlette(
            routes=[
                Route("/v1/audio/transcriptions", self.transcribe, methods=["POST"]),
                Route("/v1/audio/speech", self.speak, methods=["POST"]),
            ]
        )

    def _status(self) -> int:
        if self.failures:
            self.failures -= 1
            return 503
        return self.status

    async def transcribe(self, request: Request) -> Response:
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = {
            part.get_param("name", header="content-disposition"): part.get_payload(decode=True)
            for part in message_from_bytes(head + await request.body()).walk()
        }
        assert parts["model"] == b"ears"
        if isinstance(language := parts.get("language"), bytes):
            self.languages.append(language.decode())
        recording = parts["file"]
        assert isinstance(recording, bytes)
        self.recordings.append(recording)
        if self.odd:
            return await self.odd()
        return JSONResponse({"text": self.text}, self._status())

    async def speak(self, request: Request) -> Response:
        body = await request.json()
        assert (body["model"], body["response_format"]) == ("mouth", "pcm")
        self.spoken.append((body["input"], body["voice"], request.headers["authorization"]))
        self.speeds.append(body.get("speed", 1.0))
        if self.odd:
            return await self.odd()
        speech = await asyncio.to_thread(self._say, body["input"], body["voice"])

        async def pcm() -> AsyncIterator[bytes]:
            for number, start in enumerate(range(0, len(speech), ODD_BLOCK)):
                if self.breaks_after and number >= self.breaks_after:
                    raise ConnectionResetError("the test breaks the stream")
                if self.stalls_after and number >= self.stalls_after:
                    await asyncio.Event().wait()
                yield speech[start : start + ODD_BLOCK]

        return StreamingResponse(pcm(), self._status(), media_type="audio/pcm")


@asynccontextmanager
async def speech_server(port: int = 0, say: Say = _silence) -> AsyncIterator[tuple[SpeechServer, str]]:
    """A server on a port, or on any, and its address."""
    speech = SpeechServer(say)
    config = uvicorn.Config(speech.app, port=port, log_level="error", lifespan="off")
    running = uvicorn.Server(config)
    task = asyncio.create_task(running.serve())
    async with asyncio.timeout(SECONDS):
        while not running.started:  # noqa: ASYNC110 - uvicorn has no event to wait for
            await asyncio.sleep(0.01)
    bound = running.servers[0].sockets[0].getsockname()[1]
    try:
        yield speech, f"http://127.0.0.1:{bound}/v1"
    finally:
        running.should_exit = True
        await task
