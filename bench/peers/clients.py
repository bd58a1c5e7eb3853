"""How a client speaks to each peer: a conversation, and what one turn in it took."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from langgraph_sdk import get_client
from websockets.asyncio.client import ClientConnection, connect

OnToken = Callable[[str], None]


@dataclass
class Turn:
    """Seconds after the client began to send, and how many tokens (or steps, where tokens are not shown)."""

    began: float = field(default_factory=time.perf_counter)
    first: float = 0.0
    end: float = 0.0
    tokens: int = 0

    def token(self) -> None:
        """One has come."""
        self.tokens += 1
        self.first = self.first or time.perf_counter() - self.began

    def ended(self) -> "Turn":
        """All has come."""
        self.end = time.perf_counter() - self.began
        return self


class Conversation(Protocol):
    """One conversation of a client."""

    async def turn(self, text: str, on_token: OnToken | None = None) -> Turn:
        """Send a message and read to the end of the turn."""

    async def close(self) -> None:
        """Leave."""


@dataclass
class OverWebSocket:
    """A conversation over a WebSocket, of which subclasses know the frames."""

    socket: ClientConnection
    thread: str

    @classmethod
    async def open(cls, url: str, thread: str, **options: Any) -> Self:
        """Connect."""
        return cls(await connect(url, max_size=None, open_timeout=30, **options), thread)

    async def close(self) -> None:
        """Leave."""
        await self.socket.close()


class ByHand(OverWebSocket):
    """The frames of `hand`."""

    async def turn(self, text: str, on_token: OnToken | None = None) -> Turn:
        """Send and read to the end."""
        turn = Turn()
        await self.socket.send(text)
        while "t" in (frame := json.loads(await self.socket.recv())):
            turn.token()
            if on_token:
                on_token(frame["t"])
        return turn.ended()


class Room(OverWebSocket):
    """The room protocol, which shows tokens."""

    async def turn(self, text: str, on_token: OnToken | None = None) -> Turn:
        """Send and read to the end."""
        turn = Turn()
        said = {"action": "sendmsg", "org_id": "o", "room_uid": self.thread, "user_id": "u", "msg": text}
        await self.socket.send(json.dumps(said))
        while True:
            frame = json.loads(await self.socket.recv())
            event = frame.get("event")
            if event == "on_chat_model_stream":
                turn.token()
                if on_token:
                    on_token(frame["data"]["chunk"]["content"])
            elif event == "on_chain_end" and not frame["parent_ids"]:
                return turn.ended()
            elif event == "on_chain_error" or frame.get("status") == "error":
                raise RuntimeError(str(frame)[:200])


class Agent(OverWebSocket):
    """The agent protocol, which shows steps and no tokens."""

    async def turn(self, text: str, on_token: OnToken | None = None) -> Turn:
        """Send and read to the end."""
        turn = Turn()
        said = {"type": "client", "message": text, "message_id": uuid.uuid4().hex}
        await self.socket.send(json.dumps(said))
        while (frame := json.loads(await self.socket.recv()))["type"] == "agent_step":
            turn.token()
        if frame["type"] != "message_end":
            raise RuntimeError(str(frame)[:200])
        return turn.ended()


@dataclass
class OverSdk:
    """A conversation with any server of the LangGraph API, by its own client."""

    client: Any
    assistant: str
    thread: str

    @classmethod
    async def open(cls, url: str, assistant: str, thread: str) -> "OverSdk":
        """Make the thread where it is not there."""
        client = get_client(url=url, api_key=None)
        await client.threads.create(thread_id=thread, if_exists="do_nothing")
        return cls(client, assistant, thread)

    async def turn(self, text: str, on_token: OnToken | None = None) -> Turn:
        """Run with tokens streamed."""
        turn, given = Turn(), {"messages": [{"role": "user", "content": text}]}
        stream = self.client.runs.stream(
            self.thread, self.assistant, input=given, stream_mode="messages-tuple"
        )
        async for part in stream:
            if part.event == "error":
                raise RuntimeError(str(part.data)[:200])
            if part.event != "messages" or part.data[0]["type"] != "AIMessageChunk":
                continue
            if content := part.data[0]["content"]:
                turn.token()
                if on_token:
                    on_token(content)
        return turn.ended()

    async def close(self) -> None:
        """Close its connections."""
        await self.client.aclose()


async def sdk_messages(url: str, thread: str) -> list[str]:
    """The types of the messages of a thread, by the LangGraph API."""
    async with get_client(url=url, api_key=None) as client:
        values = (await client.threads.get_state(thread))["values"]
    return [message["type"] for message in values.get("messages", [])] if isinstance(values, dict) else []
