"""What a user of the whole stack is told when a speech service misbehaves, and that the talk goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response
from tests.speech_services.endpoints import SpeechServer, settings_for, speech_server

SECRET = "sk-live-0123456789"


@pytest.fixture(scope="module")
def speech_port(unused_port: Callable[[], int]) -> int:
    return unused_port()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, voice_stack: Any, speech_port: int) -> Iterator[Any]:
    with voice_stack(tmp_path_factory.mktemp("faults"), **settings_for(speech_port)) as running:
        yield running


@pytest.fixture
async def server(speech_port: int) -> AsyncIterator[SpeechServer]:
    async with speech_server(speech_port) as (served, _):
        yield served


def always(make: Callable[[], Response]) -> Callable[[], Awaitable[Response]]:
    async def answer() -> Response:
        return make()

    return answer


async def test_a_talk_survives_what_a_speech_service_does_wrong(
    stack: Any, voice_of: Callable[[Any], Any], server: SpeechServer
) -> None:
    voice = voice_of(stack)
    server.text = "thank you"
    session_id = (await voice.create())["session_id"]
    faults = (
        lambda: HTMLResponse("<h1>Welcome to this network</h1>"),
        lambda: JSONResponse({"error": {"message": f"Incorrect API key provided: {SECRET}"}}, 401),
        lambda: JSONResponse({"foo": 1}),
        lambda: Response(b""),
    )
    async with voice.call(session_id) as caller, caller.microphone() as microphone:
        for number, fault in enumerate(faults, start=1):
            server.odd = always(fault)
            microphone.speak(voice.speech("thank you"))
            # The service neither hears nor speaks, so the user is told twice what failed.
            messages = [
                (await caller.expect("error", 2 * number - 1))["message"],
                (await caller.expect("error", 2 * number))["message"],
            ]
            assert messages == ["speech recognition failed", "speech synthesis failed"]
        server.odd = None
        microphone.speak(voice.speech("thank you"))
        while not any(
            frame["transcript"].startswith("You are welcome") for frame in caller.of("transcript.done")
        ):
            await caller.expect("transcript.done", len(caller.of("transcript.done")) + 1)
        assert caller.closed is None
        await caller.send(type="disconnect")
        await caller.expect("disconnected")
    log = await asyncio.to_thread(stack.log)
    assert "speech recognition failed: AuthenticationError" in log
    assert SECRET not in log
