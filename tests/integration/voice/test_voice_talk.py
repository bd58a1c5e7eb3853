"""Talks over the voice protocol, streamed at real-time pace, against the whole stack."""

import asyncio
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
