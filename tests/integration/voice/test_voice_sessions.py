"""Who may create, connect to and claim voice sessions, and what is refused without ending the talk."""

import asyncio
import base64
import json
import time
from typing import Any

import httpx
import pytest

FRAME = "input_audio_buffer.append"
PCM = base64.b64encode(bytes(960)).decode()

OVERSIZED = json.dumps({"type": FRAME, "audio": base64.b64encode(bytes(256 * 1024 + 2)).decode()})


async def test_sessions_are_created_with_their_settings(voice: Any) -> None:
    session = await voice.create("alice", voice="shimmer", show_text=False)
    assert session.keys() == {"session_id", "voice", "show_text"}
    assert (session["voice"], session["show_text"]) == ("shimmer", False)
    assert (await voice.create())["voice"] == "alloy"


@pytest.mark.parametrize(
    ("authorization", "body", "status"),
    [
        (None, {}, 401),
        ("Bearer nonsense", {}, 401),
        ("Basic YTpi", {}, 401),
        ("valid", {"voice": "hal"}, 422),
        ("valid", {"show_text": "perhaps"}, 422),
    ],
)
async def test_a_session_is_not_created(
    voice: Any, authorization: str | None, body: dict[str, Any], status: int
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    if authorization == "valid":
        headers = {"Authorization": f"Bearer {voice.token('alice')}"}
    async with httpx.AsyncClient(base_url=voice.stack.url()) as client:
        answer = await client.post("/api/v1/chat/sessions", json=body, headers=headers)
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)


async def test_tokens_that_prove_nothing_are_refused(voice: Any) -> None:
    session_id = (await voice.create("alice"))["session_id"]
    unsigned = ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode()
        for part in (b'{"alg":"none","typ":"JWT"}', b'{"sub":"alice","exp":9999999999}', b"")
    )
    for token in (
        "",
        "nonsense",
        unsigned,
        voice.token("alice", exp=int(time.time()) - 10),
        voice.token("alice", secret="another secret that is long enough"),
    ):
        async with voice.call(session_id, "alice", token=token) as caller:
            assert await caller.expect_close() == 1008, token


async def test_sessions_of_others_and_sessions_that_are_not_there(voice: Any) -> None:
    owned = (await voice.create("alice"))["session_id"]
    for user, session_id, code in (
        ("mallory", owned, 4003),
        (None, owned, 4003),
        ("alice", "no-such-session", 4004),
        (None, "no-such-session", 4004),
        ("alice", "x" * 200, 4004),
    ):
        async with voice.call(session_id, user) as caller:
            assert await caller.expect_close() == code, (user, session_id)


async def test_the_first_member_to_connect_claims_a_guest_session(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    for user, code in ((None, None), ("alice", None), ("bob", 4003), (None, 4003), ("alice", None)):
        async with voice.call(session_id, user) as caller:
            if code:
                assert await caller.expect_close() == code
                continue
            await caller.send(type="disconnect")
            assert (await caller.expect("disconnected"))["report"]["session_id"] == session_id
            assert await caller.expect_close() == 1000


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", "invalid_message"),
        ("[]", "invalid_message"),
        ("{}", "invalid_message"),
        ('{"type":"unknown"}', "invalid_message"),
        (b"\x00\x01", "invalid_message"),
        ('{"type":"input_audio_buffer.append"}', "invalid_audio"),
        ('{"type":"input_audio_buffer.append","audio":"%%%"}', "invalid_audio"),
        ('{"type":"input_audio_buffer.append","audio":""}', "invalid_audio"),
        ('{"type":"input_audio_buffer.append","audio":7}', "invalid_audio"),
        ('{"type":"input_audio_buffer.append","audio":"AAAA"}', "invalid_audio"),
        (
            OVERSIZED,
            "invalid_audio",
        ),
        ('{"type":"session.update","config":{"voice":"hal"}}', "invalid_voice"),
        ('{"type":"session.update"}', "invalid_message"),
        ('{"type":"playback","audio_end_ms":-1}', "invalid_message"),
    ],
)
async def test_what_is_not_understood_gets_an_error_and_the_talk_goes_on(
    voice: Any, frame: str | bytes, code: str
) -> None:
    session_id = (await voice.create())["session_id"]
    async with voice.call(session_id) as caller:
        await caller.socket.send(frame)
        error = await caller.expect("error")
        assert error["code"] == code
        assert error["message"]
        await caller.send(type="disconnect")
        await caller.expect("disconnected")


async def test_an_unknown_voice_in_the_query_is_an_error_and_the_stored_one_applies(voice: Any) -> None:
    session_id = (await voice.create(voice="sage"))["session_id"]
    async with voice.call(session_id, voice="hal", show_text="perhaps") as caller:
        assert (await caller.expect("error"))["code"] == "invalid_voice"
        assert (await caller.expect("error", 2))["code"] == "invalid_message"
        await caller.send(type="disconnect")
        await caller.expect("disconnected")


async def test_a_flood_is_slowed_down_and_then_closed(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    flood = base64.b64encode(bytes(24_000)).decode()
    async with voice.call(session_id) as caller:

        async def pour() -> None:
            while caller.closed is None:
                await caller.send(type=FRAME, audio=flood)

        pouring = asyncio.create_task(pour())
        assert await caller.expect_close() == 1008
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)
