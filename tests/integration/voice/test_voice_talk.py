"""Talks over the voice protocol, streamed at real-time pace, against the whole stack."""

import time
from typing import Any

QUIET = 20.0
"""Root mean square below which audio counts as silent."""


async def test_speech_is_answered_in_speech_that_names_the_right_contact(voice: Any) -> None:
    session = await voice.create("alice", voice="coral", show_text=True)
    async with voice.call(session["session_id"], "alice") as caller, caller.microphone() as microphone:
        microphone.speak(voice.speech("what is the email of Mia Tanaka"))
        await caller.expect("speech.started")
        await caller.expect("speech.stopped")
        heard = await caller.expect("user.transcript")
        assert heard["transcript"] == "what is the email of Mia Tanaka"
        said = await caller.expect("transcript.done")
        await caller.expect("audio.done")
        assert "Mia Tanaka" in said["transcript"]
        assert "mia.tanaka@harbor-systems.example" in said["transcript"]
        assert "Emma" not in said["transcript"]
        assert voice.loudness(bytes(caller.audio)) > QUIET
        await caller.send(type="disconnect")
        report = (await caller.expect("disconnected"))["report"]
        assert await caller.expect_close() == 1000
    assert [message["role"] for message in report["messages"]] == ["user", "assistant"]
    assert report["user_speech_duration_sec"] in (1, 2, 3)
    assert report["total_duration_sec"] >= report["user_speech_duration_sec"]
    entries = await voice.history(session["session_id"], "alice")
    assert entries[0]["content"] == "what is the email of Mia Tanaka"
    assert "Mia Tanaka" in entries[-1]["content"]


async def test_speaking_over_the_ai_stops_it_and_only_what_was_heard_counts(voice: Any) -> None:
    session_id = (await voice.create("bob"))["session_id"]
    async with voice.call(session_id, "bob") as caller, caller.microphone() as microphone:
        microphone.speak(voice.speech("what can you do"))
        while len(caller.audio) < 48_000 * 4:
            await caller.expect("audio.delta", len(caller.of("audio.delta")) + 1)
        microphone.speak(voice.speech("thank you"))
        await caller.expect("speech.started", 2)
        await caller.expect("audio.done", 1)
        kinds = [frame["type"] for _, frame in caller.frames]
        over = kinds.index("speech.started", kinds.index("speech.started") + 1)
        assert "audio.delta" not in kinds[over : kinds.index("audio.done")]
        cut = await caller.expect("transcript.done", 1)
        answer = await caller.expect("transcript.done", 2)
        assert answer["transcript"].startswith("You are welcome")
        await caller.send(type="disconnect")
        report = (await caller.expect("disconnected"))["report"]
    spoken = [each["content"] for each in report["messages"] if each["role"] == "assistant"]
    assert spoken[0] == f"{cut['transcript']} [interrupted]"
    assert "analyse sales" not in spoken[0] or "chosen in the settings" not in spoken[0]
    entries = await voice.history(session_id, "bob")
    assert spoken[0] in [entry["content"] for entry in entries]
    assert not any("search the notes." in entry["content"] for entry in entries)


async def test_captions_are_off_where_they_are_not_wanted_but_the_log_has_them(voice: Any) -> None:
    session_id = (await voice.create("carol", show_text=True))["session_id"]
    async with voice.call(session_id, "carol", show_text="false", voice="echo") as caller:
        await caller.say(voice.speech("thank you") + voice.silence(800))
        await caller.expect("audio.done")
        assert not caller.of("user.transcript")
        await caller.send(type="disconnect")
        report = (await caller.expect("disconnected"))["report"]
        assert not caller.of("transcript.done")
    assert report["messages"][0] == {"role": "user", "content": "thank you"}
    async with voice.call(session_id, "carol") as again:
        await again.say(voice.speech("thank you") + voice.silence(800))
        await again.expect("audio.done")
        assert not again.of("user.transcript"), "the stored setting holds for the next connection"


async def test_speech_is_ended_by_hand_and_a_reply_asked_for(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    async with voice.call(session_id) as caller:
        await caller.say(voice.speech("get all contacts"))
        await caller.send(type="input_audio_buffer.commit")
        assert (await caller.expect("user.transcript"))["transcript"] == "get all contacts"
        await caller.expect("audio.delta")
        await caller.send(type="disconnect")
        await caller.expect("disconnected")
    async with voice.call(session_id) as caller:
        await caller.send(type="response.create")
        await caller.expect("audio.delta")
        await caller.expect("audio.done")


async def test_the_report_tells_how_long_all_connections_lasted_and_the_user_spoke(voice: Any) -> None:
    said = ["what is the email of Mia Tanaka", "thank you"]
    spoken = [voice.speech(text) for text in said]
    session_id = (await voice.create("frank"))["session_id"]
    least = most = 0.0
    answers = []
    for audio in spoken:
        asked = time.monotonic()
        async with voice.call(session_id, "frank") as caller:
            await caller.say(audio + voice.silence(800))
            answers.append((await caller.expect("transcript.done"))["transcript"])
            least += time.monotonic() - caller.frames[0][0]
            await caller.send(type="disconnect")
            report = (await caller.expect("disconnected"))["report"]
            most += time.monotonic() - asked
    assert report["session_id"] == session_id
    assert [message["content"] for message in report["messages"]] == [
        said[0],
        answers[0],
        said[1],
        answers[1],
    ]
    assert [message["role"] for message in report["messages"]] == ["user", "assistant"] * 2
    assert int(least) <= report["total_duration_sec"] <= round(most), "whole seconds"
    without_silence = sum(len(audio) for audio in spoken) / 48_000 - 2 * 0.4
    assert abs(report["user_speech_duration_sec"] - without_silence) < 1.5
    assert await voice.objects() == {}, "audio is kept only where that is asked for"


async def test_what_is_not_understood_is_said_so(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    async with voice.call(session_id) as caller:
        await caller.say(voice.speech("purple elephants juggle seventeen umbrellas") + voice.silence(800))
        said = await caller.expect("transcript.done")
        assert "did not understand" in said["transcript"]


async def test_the_voice_changes_at_any_time_and_stays(voice: Any) -> None:
    session_id = (await voice.create(voice="alloy"))["session_id"]
    async with voice.call(session_id) as caller:
        await caller.say(voice.speech("thank you") + voice.silence(800))
        await caller.expect("transcript.done")
        first = bytes(caller.audio)
        await caller.send(type="session.update", config={"voice": "ballad"})
        caller.audio.clear()
        await caller.say(voice.speech("thank you") + voice.silence(800))
        await caller.expect("transcript.done", 2)
        second = bytes(caller.audio)
    assert caller.of("transcript.done")[0] == caller.of("transcript.done")[1]
    assert first != second
    assert abs(len(first) - len(second)) > 24_000 * 2 // 20


async def test_audio_is_paced(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    async with voice.call(session_id) as caller:
        await caller.say(voice.speech("what can you do") + voice.silence(800))
        await caller.expect("audio.done")
    times = [at for at, frame in caller.frames if frame["type"] == "audio.delta"]
    played = len(caller.audio) / 48
    assert (times[-1] - times[0]) * 1000 > played - 700
    sizes = [len(frame["delta"]) * 3 // 4 // 48 for frame in caller.of("audio.delta")]
    assert min(sizes) >= 20
    assert max(sizes) <= 100


async def test_the_talk_goes_on_as_text_over_another_protocol(voice: Any) -> None:
    session_id = (await voice.create("dave"))["session_id"]
    async with voice.call(session_id, "dave") as caller:
        await caller.say(voice.speech("phone number of Emma Carter") + voice.silence(800))
        said = await caller.expect("transcript.done")
        assert "Emma Carter" in said["transcript"]
        await caller.send(type="disconnect")
        await caller.expect("disconnected")
    steps = await voice.text_turn(session_id, "dave", "what did I ask before?")
    assert "phone number of Emma Carter" in steps[-2]["message"]
    assert steps[-1]["type"] == "message_end"
    contents = [entry["content"] for entry in await voice.history(session_id, "dave")]
    assert contents[0] == "phone number of Emma Carter"
    assert "what did I ask before?" in contents


async def test_a_killed_voice_bridge_is_replaced_and_the_talk_goes_on(own_voice: Any) -> None:
    session_id = (await own_voice.create("erin"))["session_id"]
    async with own_voice.call(session_id, "erin") as caller, caller.microphone() as microphone:
        microphone.speak(own_voice.speech("email of Liam Patel"))
        assert "Liam Patel" in (await caller.expect("transcript.done"))["transcript"]
        microphone.speak(own_voice.speech("what can you do"))
        await caller.expect("audio.delta", len(caller.of("audio.delta")) + 20)
        deltas = len(caller.of("audio.delta"))
        own_voice.stack.kill("voice-bridge")
        await caller.expect("audio.delta", deltas + 60)
        again = await caller.expect("transcript.done", 2)
        assert "embedded" in again["transcript"], "the reply that was cut by the crash is said again"
        microphone.speak(own_voice.speech("thank you"))
        assert "welcome" in (await caller.expect("transcript.done", 3))["transcript"]
        await caller.send(type="disconnect")
        report = (await caller.expect("disconnected"))["report"]
        assert await caller.expect_close() == 1000
    users = [each["content"] for each in report["messages"] if each["role"] == "user"]
    assert users == ["email of Liam Patel", "what can you do", "thank you"]


async def test_a_second_connection_takes_the_session_over(voice: Any) -> None:
    session_id = (await voice.create())["session_id"]
    async with voice.call(session_id) as first:
        await first.say(voice.silence(200))
        async with voice.call(session_id) as second:
            assert await first.expect_close() == 1000
            await second.say(voice.speech("thank you") + voice.silence(800))
            await second.expect("audio.delta")


async def test_a_talk_whose_voice_bridge_is_killed_in_mid_sentence_asks_for_it_again(own_voice: Any) -> None:
    session_id = (await own_voice.create("fay"))["session_id"]
    async with own_voice.call(session_id, "fay") as caller, caller.microphone() as microphone:
        microphone.speak(own_voice.speech("what is the email of Mia Tanaka"))
        await caller.expect("speech.started")
        own_voice.stack.kill("voice-bridge")
        await caller.expect("speech.stopped")
        asked = await caller.expect("transcript.done")
        assert "say that again" in asked["transcript"]
        await caller.expect("audio.done")
        microphone.speak(own_voice.speech("thank you"))
        assert "welcome" in (await caller.expect("transcript.done", 2))["transcript"]
        microphone.speak(own_voice.speech("what can you do"))
        await caller.expect("audio.delta", len(caller.of("audio.delta")) + 20)
        done = len(caller.of("audio.done"))
        own_voice.stack.kill("voice-bridge")
        await caller.expect("audio.done", done + 1)
        kinds = [frame["type"] for _, frame in caller.frames]
        ended = max(number for number, kind in enumerate(kinds) if kind == "audio.done")
        await caller.expect("audio.delta", len(caller.of("audio.delta")) + 5)
        later = [frame["type"] for _, frame in caller.frames][ended + 1 :]
        assert "audio.delta" in later, "the repetition is a reply of its own"
