"""A local server that speaks the GA Realtime API, what it says being under the test's control.

Every event of either side is checked against the official SDK's types, so that neither the server nor what
is tested against it strays from the documented protocol.
"""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from openai.types.realtime import RealtimeClientEvent, RealtimeServerEvent
from pydantic import TypeAdapter
from websockets.asyncio.server import Server, ServerConnection, serve

SECONDS = 10.0
FRAME_BYTES = 4800
_CLIENT: TypeAdapter[Any] = TypeAdapter(RealtimeClientEvent)
_SERVER: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


@dataclass
class Realtime:
    """Any number of upstream sessions, handed to the test in the order in which they are opened.

    Attributes:
        requests: path and beta header of each.
    """

    port: int = 0
    server: Server | None = None
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    connections: asyncio.Queue[ServerConnection] = field(default_factory=asyncio.Queue)

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.requests.append((connection.request.path, connection.request.headers.get("OpenAI-Beta")))
        await Peer(connection).send("session.created", session={"type": "realtime"})
        self.connections.put_nowait(connection)
        await connection.wait_closed()

    async def accept(self) -> "Peer":
        """The next session."""
        async with asyncio.timeout(SECONDS):
            return Peer(await self.connections.get())


@asynccontextmanager
async def realtime_server(port: int = 0) -> AsyncIterator[Realtime]:
    """A server on a port, or on any."""
    realtime = Realtime()
    async with serve(realtime.handle, "127.0.0.1", port) as server:
        realtime.server = server
        realtime.port = next(iter(server.sockets)).getsockname()[1]
        yield realtime


@dataclass
class Peer:
    """The server's end of one session.

    Attributes:
        heard: the user's audio that has been passed over while other events were expected.
    """

    connection: ServerConnection
    heard: bytearray = field(default_factory=bytearray)

    async def expect(self, kind: str) -> dict[str, Any]:
        """The client's next event beside audio, which has to be of this kind."""
        async with asyncio.timeout(SECONDS):
            while True:
                event: dict[str, Any] = json.loads(await self.connection.recv())
                _CLIENT.validate_python(event)
                if event["type"] == "input_audio_buffer.append" != kind:
                    self.heard += b64decode(event["audio"])
                    continue
                assert event["type"] == kind, event
                return event

    async def hear(self, milliseconds: int) -> None:
        """Until the client has sent so much audio."""
        while len(self.heard) < milliseconds * 48:
            self.heard += b64decode((await self.expect("input_audio_buffer.append"))["audio"])

    async def send(self, kind: str, **fields: Any) -> None:
        """Send a documented event."""
        event = {"type": kind, "event_id": "e", **fields}
        _SERVER.validate_python(event)
        await self.connection.send(json.dumps(event))

    async def fail(self, message: str, code: str | None = None) -> None:
        """Report an error."""
        await self.send("error", error={"type": "invalid_request_error", "code": code, "message": message})

    async def set_up(self) -> dict[str, Any]:
        """Take the session's configuration."""
        update = await self.expect("session.update")
        await self.send("session.updated", session=update["session"])
        return dict(update["session"])

    async def seeded(self, count: int) -> list[tuple[str, str]]:
        """The messages that the client tells of an earlier talk: who said what."""
        items = [(await self.expect("conversation.item.create"))["item"] for _ in range(count)]
        return [(item["role"], item["content"][0]["text"]) for item in items]

    async def user_turn(self, item: str, began: int = 100, ended: int = 900) -> None:
        """What server-side voice activity detection tells of a turn."""
        await self.send("input_audio_buffer.speech_started", item_id=item, audio_start_ms=began)
        await self.send("input_audio_buffer.speech_stopped", item_id=item, audio_end_ms=ended)
        await self.send("input_audio_buffer.committed", item_id=item, previous_item_id=None)

    async def transcribe(self, item: str, text: str) -> None:
        """What the user said in a turn."""
        await self.send(
            "conversation.item.input_audio_transcription.completed",
            item_id=item,
            content_index=0,
            transcript=text,
            usage={"type": "duration", "seconds": 1.0},
        )

    async def speak(self, response: str, item: str, text: str, pcm: bytes = bytes(2 * FRAME_BYTES)) -> None:
        """Begin a reply and say something in it."""
        ids = {"response_id": response, "item_id": item, "output_index": 0, "content_index": 0}
        await self.send("response.created", response={"id": response, "status": "in_progress", "output": []})
        await self.send("response.output_audio_transcript.delta", delta=text, **ids)
        for start in range(0, len(pcm), FRAME_BYTES):
            delta = b64encode(pcm[start : start + FRAME_BYTES]).decode()
            await self.send("response.output_audio.delta", delta=delta, **ids)

    async def done(self, response: str, status: str = "completed", output: Sequence[Any] = ()) -> None:
        """End a reply."""
        await self.send("response.done", response={"id": response, "status": status, "output": list(output)})

    async def call_tool(self, response: str, call_id: str, name: str, arguments: str) -> None:
        """A reply that consists of a function call."""
        await self.send("response.created", response={"id": response, "status": "in_progress", "output": []})
        call = {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}
        await self.done(response, output=[call])
