"""Who may create, connect to and claim voice sessions, and what is refused without ending the talk."""

import asyncio
import base64
import json
import time
from contextlib import suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

BURST_SECONDS = 20
SPEED = 4.0
PATIENCE_SECONDS = 10.0
"""The settings' defaults."""
RECITED = "line 5 of a poem"
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
        (OVERSIZED, "invalid_audio"),
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


async def test_a_session_is_made_for_a_graph_and_keeps_it(voice: Any) -> None:
    made = f"{voice.stack.url()}/api/v1/chat/guest-sessions"
    async with httpx.AsyncClient() as client:
        refused = await client.post(f"{made}?graph=nothing")
        assert (refused.status_code, "no graph" in refused.text) == (422, True)
        session_id = (await client.post(f"{made}?graph=planner")).json()["session_id"]
        by_body = (await client.post(made, json={"graph": "planner"})).json()["session_id"]
    for each in (by_body, session_id):
        (started,) = await voice.facts(each, "conversation.started")
        assert started["graph"] == "planner"
    for graph, refusals in (("nothing", 1), ("chat", 0), ("planner", 0)):
        async with voice.call(session_id, graph=graph) as caller:
            await caller.send(type="disconnect")
            await caller.expect("disconnected")
            assert [error["code"] for error in caller.of("error")] == ["invalid_message"] * refusals
    assert len(await voice.facts(session_id, "conversation.started")) == 1


@pytest.mark.parametrize("user", ["gina", None])
async def test_the_first_connection_chooses_the_graph_of_a_session_made_without_one(
    voice: Any, user: str | None
) -> None:
    session_id = (await voice.create(user, voice="sage"))["session_id"]
    async with voice.call(session_id, user, graph="recital", show_text="true") as caller:
        await caller.say(voice.speech("hello") + voice.silence(1500))
        assert RECITED in (await caller.expect("transcript.done"))["transcript"]
        await caller.send(type="disconnect")
        await caller.expect("disconnected")
        assert caller.of("error") == []
    async with voice.call(session_id, user, graph="planner") as caller:
        await caller.send(type="disconnect")
        assert (await caller.expect("disconnected"))["report"]["messages"]
    started = await voice.facts(session_id, "conversation.started")
    assert [(each["graph"], each.get("owner")) for each in started] == [("chat", user), ("recital", user)]
    created = (await voice.facts(session_id, "voice.session_created"))[-1]
    assert created == {"voice": "sage", "show_text": True, "graph": "recital"}


async def test_what_a_graph_raises_is_told_and_the_talk_goes_on(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    async with voice.call(session_id, graph="stumbling") as caller:
        await caller.say(voice.speech("hello") + voice.silence(1500))
        error = await caller.expect("error")
        assert (error["code"], error["message"]) == ("server_error", "the agent failed: words of the graph")
        assert "did not work" in (await caller.expect("transcript.done"))["transcript"]
        await caller.send(type="disconnect")
        await caller.expect("disconnected")


async def test_a_session_that_was_talked_in_keeps_the_default_graph(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    for graph, refusals in (("nothing", 1), ("recital", 0)):
        async with voice.call(session_id, graph=graph) as caller:
            await caller.send(type="disconnect")
            await caller.expect("disconnected")
            assert [error["code"] for error in caller.of("error")] == ["invalid_message"] * refusals
    (started,) = await voice.facts(session_id, "conversation.started")
    assert started["graph"] == "chat"


async def test_a_flood_is_slowed_down_and_then_closed(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    flood = base64.b64encode(bytes(24_000)).decode()
    async with voice.call(session_id) as caller:
        began = time.monotonic()

        async def pour() -> None:
            while caller.closed is None:
                await caller.send(type=FRAME, audio=flood)
                await asyncio.sleep(0)  # a send that need not wait leaves no turn to read the close

        pouring = asyncio.create_task(pour())
        assert await caller.expect_close() == 1008
        assert time.monotonic() - began > PATIENCE_SECONDS
        pouring.cancel()
        await asyncio.gather(pouring, return_exceptions=True)


async def test_what_is_sent_at_once_is_heard_but_no_faster_than_is_allowed(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    async with voice.call(session_id) as caller:
        began = time.monotonic()
        for _ in range(BURST_SECONDS + 8):
            await caller.append(voice.silence(1000))
        for start in range(0, len(said := voice.speech("thank you") + voice.silence(800)), 4800):
            await caller.append(said[start : start + 4800])
        assert (await caller.expect("transcript.done"))["transcript"].startswith("You are welcome")
        heard = next(at for at, frame in caller.frames if frame["type"] == "speech.started")
        assert heard - began > 8 / SPEED - 0.2
        await caller.send(type="disconnect")
        await caller.expect("disconnected")


async def test_a_refused_client_is_not_heard(voice: Any) -> None:
    session_id = (await voice.create("alice"))["session_id"]
    async with voice.call(session_id, "mallory") as caller:
        with suppress(ConnectionClosed):
            await caller.append(voice.speech("get all contacts"))
            await caller.send(type="input_audio_buffer.commit")
        assert await caller.expect_close() == 4003
    assert await voice.facts(session_id, "voice.session_opened") == []


async def test_an_owned_session_is_the_owners_on_every_protocol(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    async with voice.call(session_id, "alice") as caller:
        await caller.send(type="response.create")
        greeting = (await caller.expect("transcript.done"))["transcript"]
        await caller.send(type="disconnect")
        await caller.expect("disconnected")
    paths = [
        f"/history/{session_id}",
        f"/api/sessions/{session_id}",
        f"/api/sessions/{session_id}/history",
        f"/api/sessions/{session_id}/checkpoints",
    ]
    assert (await voice.text_turn(session_id, "alice", "get all contacts"))[-1]["type"] == "message_end"
    for path in paths:
        assert (await voice.get(path, "alice")).status_code == 200, path
        for other in ("mallory", None):
            assert (await voice.get(path, other)).status_code == 403, (path, other)
    contents = [entry["content"] for entry in await voice.history(session_id, "alice")]
    assert contents[:2] == [greeting, "get all contacts"]
    for path in (f"/chat/{session_id}", f"/ws/{session_id}"):
        for query in (f"?token={voice.token('mallory')}", ""):
            async with connect(voice.stack.url(scheme="ws") + path + query) as socket:
                assert "error" in json.loads(await socket.recv())
                with pytest.raises(ConnectionClosed) as closed:
                    await socket.recv()
                assert closed.value.rcvd
                assert closed.value.rcvd.code == 1008
    assert len(await voice.history(session_id, "alice")) == len(contents), "nothing of theirs came in"


async def test_a_client_that_ends_at_once_is_answered_at_once(voice: Any) -> None:
    for _ in range(5):
        session_id = (await voice.create())["session_id"]
        async with voice.call(session_id) as caller:
            await caller.send(type="disconnect")
            await caller.expect("disconnected")
        assert f"{session_id!r} lost its replica" not in voice.stack.log()
