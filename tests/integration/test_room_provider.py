"""Rooms on a provider's model that says each token when the test lets it."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect

TURN_SECONDS = 20

Frame = dict[str, Any]
END = None


class Provider:
    """An OpenAI-compatible server. What is put into `script` is what it says, to whoever asks first for a
    stream: a token, the end of the reply, or the status of a refusal."""

    def __init__(self) -> None:
        self.script: asyncio.Queue[str | int | None] = asyncio.Queue()
        self.asked = asyncio.Semaphore(0)

    def say(self, *script: str | int | None) -> None:
        for item in script:
            self.script.put_nowait(item)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        question = json.loads(await reader.readexactly(int(length.split(b":")[1])))
        if not question.get("stream"):
            await self._answer_probe(writer)
            return
        gone = asyncio.create_task(reader.read())
        self.asked.release()
        started = False
        while True:
            item = asyncio.create_task(self.script.get())
            await asyncio.wait({item, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                item.cancel()
                break
            said = item.result()
            if not started:
                status = said if isinstance(said, int) else 200
                writer.write(b"HTTP/1.1 %d X\r\nContent-Type: text/event-stream\r\n" % status)
                writer.write(b"Connection: close\r\n\r\n")
                started = True
            if isinstance(said, int):
                break
            delta = {"role": "assistant", "content": said} if said else {}
            choice = {"index": 0, "delta": delta, "finish_reason": None if said else "stop"}
            chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "m"}
            writer.write(b"data: %s\n\n" % json.dumps(chunk | {"choices": [choice]}).encode())
            if said is END:
                writer.write(b"data: [DONE]\n\n")
                break
        gone.cancel()
        writer.close()

    async def _answer_probe(self, writer: asyncio.StreamWriter) -> None:
        """What agent-runner asks at its start, to know whether the model can be used."""
        choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "length"}
        reply = {"id": "c", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]}
        body = json.dumps(reply).encode()
        writer.write(b"HTTP/1.1 200 X\r\nContent-Type: application/json\r\nConnection: close\r\n")
        writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()


@pytest.fixture
async def provider(own_stack: Any) -> AsyncIterator[Provider]:
    """The provider that the stack speaks to from now on."""
    provider = Provider()
    async with await asyncio.start_server(provider.answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        own_stack.stop()
        own_stack.environment |= {
            "PARLEY_MODEL": "openai:any",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1",
            "OPENAI_API_KEY": "none",
        }
        await asyncio.to_thread(own_stack.start)
        yield provider
        await asyncio.to_thread(own_stack.stop)


@pytest.fixture
def room() -> str:
    return uuid4().hex[:12]


def address(stack: Any, room: str, **query: str) -> str:
    rest = "".join(f"&{name}={value}" for name, value in query.items())
    return f"{stack.url(scheme='ws')}/v3/?room_uid={room}&user_uid=u{rest}"


async def say(socket: ClientConnection, room: str, text: str) -> None:
    await socket.send(json.dumps({"action": "sendmsg", "room_uid": room, "user_id": "u", "msg": text}))


async def receive(socket: ClientConnection) -> Frame:
    async with asyncio.timeout(TURN_SECONDS):
        frame: Frame = json.loads(await socket.recv())
        assert frame.get("status") != "error", frame
        return frame


async def until(socket: ClientConnection, *events: str) -> list[Frame]:
    """All frames up to the first of these events of the root, or of any node if it is no end."""
    frames = [await receive(socket)]
    while frames[-1].get("event") not in events or (is_end(frames[-1]) and frames[-1]["parent_ids"]):
        frames.append(await receive(socket))
    return frames


def is_end(frame: Frame) -> bool:
    return frame["event"] in {"on_chain_end", "on_chain_error"}


def token(frame: Frame) -> str:
    text: str = frame["data"]["chunk"]["content"]
    return text


async def test_each_token_leaves_when_the_model_says_it(
    own_stack: Any, provider: Provider, room: str
) -> None:
    async with connect(address(own_stack, room)) as socket:
        await say(socket, room, "안녕")
        begun: list[Frame] = []
        for word in ("안", "녕", "~"):
            provider.say(word)
            begun += await until(socket, "on_chat_model_stream")
            assert token(begun[-1]) == word

        async with connect(address(own_stack, room)) as late:
            joined = [await receive(late) for _ in begun]
            assert joined == begun
            async with connect(address(own_stack, room, after=begun[-2]["id"])) as back:
                assert await receive(back) == begun[-1]
                provider.say("!", END)
                rest = await until(socket, "on_chain_end")
                assert await until(late, "on_chain_end") == rest
                assert await until(back, "on_chain_end") == rest
        assert rest[-2]["data"]["chunk"]["model"]["messages"][0]["content"] == "안녕~!"

        await say(socket, room, "fail")
        provider.say(401)
        failed = await until(socket, "on_chain_error")
        assert failed[0]["event"] == "on_chain_start"
        assert failed[-1]["run_id"] == failed[0]["run_id"]
        assert failed[-1]["parent_ids"] == failed[-1]["tags"] == []
        assert set(failed[-1]["data"]) == {"error"}
        assert failed[-1]["data"]["error"]

        await say(socket, room, "again")
        provider.say("good", END)
        assert (await until(socket, "on_chain_end"))[-1]["data"] == {}


async def test_a_run_that_is_taken_over_is_told_as_one_turn(
    own_stack: Any, provider: Provider, room: str
) -> None:
    async with connect(address(own_stack, room)) as socket, connect(address(own_stack, room)) as other:
        await say(socket, room, "안녕")
        provider.say("half ")
        begun = await until(socket, "on_chat_model_stream")
        await provider.asked.acquire()
        await asyncio.to_thread(own_stack.kill, "agent-runner")
        async with asyncio.timeout(TURN_SECONDS):
            await provider.asked.acquire()
        provider.say("the ", "whole", END)
        rest = await until(socket, "on_chain_end")
        assert await until(other, "on_chain_end") == begun + rest

        restart, *again = rest
        assert restart == {
            "status": "restart",
            "msgtype": "info",
            "run_id": begun[0]["run_id"],
            "id": restart["id"],
        }
        assert again[0]["event"] == "on_chain_start"
        assert again[0]["run_id"] == again[-1]["run_id"] != begun[0]["run_id"]
        assert [token(f) for f in again if f["event"] == "on_chat_model_stream"] == ["the ", "whole"]
        for known, following in ((begun[3], rest), (restart, again), (again[2], again[3:])):
            async with connect(address(own_stack, room, after=known["id"])) as back:
                assert [await receive(back) for _ in following] == following
