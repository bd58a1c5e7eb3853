"""What a client hears of it when its session cannot be held any more: an error frame and the code 1011."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.speech_services.realtime import Peer, realtime_server

MODEL_GONE = "The speech service cannot be reached."


@pytest.fixture(scope="module")
def model_port(unused_port: Callable[[], int]) -> int:
    return unused_port()


@pytest.fixture(scope="module")
def impatient_stack(
    tmp_path_factory: pytest.TempPathFactory, voice_stack: Any, model_port: int
) -> Iterator[Any]:
    """Its clients wait 3 seconds for a replica."""
    with voice_stack(
        tmp_path_factory.mktemp("impatient"),
        PARLEY_VOICE="openai-realtime",
        PARLEY_VOICE_URL=f"http://127.0.0.1:{model_port}/v1",
        PARLEY_VOICE_KEY="k",
        PARLEY_REOPEN_TIMEOUT="3",
    ) as stack:
        yield stack


@pytest.fixture
def voice(impatient_stack: Any, voice_of: Callable[[Any], Any]) -> Any:
    return voice_of(impatient_stack)


async def test_a_model_that_is_not_there_is_an_error_at_the_beginning_and_in_mid_talk(
    voice: Any, model_port: int
) -> None:
    session_id = (await voice.create("alice"))["session_id"]
    async with voice.call(session_id, "alice") as caller:
        assert await caller.expect_close() == 1011
        assert [frame["code"] for frame in caller.of("error")] == ["server_error"]
    async with realtime_server(model_port) as model, voice.call(session_id, "alice") as caller:
        peer = await model.accept()
        await peer.set_up()
        await peer.user_turn("u1")
        await peer.transcribe("u1", "hello")
        await caller.expect("user.transcript")
        assert model.server
        model.server.close()
        assert await caller.expect_close() == 1011
        assert [(frame["code"], frame["message"]) for frame in caller.of("error")] == [
            ("server_error", MODEL_GONE)
        ]
    async with realtime_server(model_port) as model, voice.call(session_id, "alice") as caller:
        peer = await model.accept()
        await peer.set_up()
        assert await peer.seeded(1) == [("user", "hello")]
        await caller.send(type="disconnect")
        await caller.expect("disconnected")


async def test_a_voice_bridge_that_is_gone_for_too_long_is_an_error(voice: Any, model_port: int) -> None:
    session_id = (await voice.create())["session_id"]
    async with realtime_server(model_port) as model, asyncio.TaskGroup() as group:

        async def set_up() -> None:
            while True:
                await Peer(await model.connections.get()).set_up()

        serving = group.create_task(set_up())
        async with voice.call(session_id) as caller:
            await caller.append(voice.silence(100))
            await asyncio.to_thread(voice.stack.kill, "voice-bridge", signal.SIGSTOP)
            try:
                assert await caller.expect_close() == 1011
            finally:
                await asyncio.to_thread(voice.stack.kill, "voice-bridge", signal.SIGCONT)
            assert [frame["code"] for frame in caller.of("error")] == ["server_error"]
        async with voice.call(session_id) as caller:
            await caller.send(type="disconnect")
            await caller.expect("disconnected")
            assert await caller.expect_close() == 1000
        serving.cancel()
