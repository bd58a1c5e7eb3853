"""The voice protocol's frames, as tables."""

import json
from base64 import b64encode

import pytest

from protocols.voice import wire as voice
from protocols.voice.opening import ConnectQuery, read_query

PCM = b"\x01\x00\x02\x00"
AUDIO = b64encode(PCM).decode()


def append(audio: object) -> str:
    return json.dumps({"type": "input_audio_buffer.append", "audio": audio})


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (append(AUDIO), voice.AppendAudio(audio=PCM)),
        (
            append(b64encode(bytes(voice.MAX_AUDIO_BYTES)).decode()),
            voice.AppendAudio(audio=bytes(256 * 1024)),
        ),
        ('{"type":"input_audio_buffer.commit"}', voice.CommitAudio()),
        ('{"type":"response.create","event_id":"e1"}', voice.CreateResponse()),
        (
            '{"type":"session.update","config":{"voice":"shimmer"}}',
            voice.UpdateSession(config=voice.SessionConfig(voice="shimmer")),
        ),
        ('{"type":"playback","audio_end_ms":1200}', voice.ReportPlayback(audio_end_ms=1200)),
        ('{"type":"disconnect"}', voice.Disconnect()),
    ],
)
def test_client_frames_are_understood(frame: str, expected: voice.ClientFrame) -> None:
    assert voice.decode(frame) == expected


@pytest.mark.parametrize(
    ("frame", "code", "names"),
    [
        (append("not base64!"), "invalid_audio", "audio"),
        (append("한국어"), "invalid_audio", "audio"),
        (append(""), "invalid_audio", "empty"),
        (append(7), "invalid_audio", "audio"),
        (append(b64encode(b"\x01\x02\x03").decode()), "invalid_audio", "3 bytes"),
        (append(b64encode(bytes(256 * 1024 + 2)).decode()), "invalid_audio", "262144"),
        (append("A" * 1_000_000), "invalid_audio", "262144"),
        ('{"type":"input_audio_buffer.append"}', "invalid_audio", "audio"),
        ('{"type":"session.update","config":{"voice":"hal"}}', "invalid_voice", "config.voice"),
        ('{"type":"session.update","config":{"voice":null}}', "invalid_voice", "config.voice"),
        ('{"type":"session.update"}', "invalid_message", "config"),
        ('{"type":"playback","audio_end_ms":-1}', "invalid_message", "audio_end_ms"),
        ('{"type":"unheard.of"}', "invalid_message", "unheard.of"),
        ('{"audio":"AAAA"}', "invalid_message", "type"),
        ("[]", "invalid_message", "object"),
        ("not json", "invalid_message", "JSON"),
        ("", "invalid_message", "JSON"),
        (b"\x00\x01", "invalid_message", "binary"),
    ],
)
def test_bad_frames_are_refused_by_code_and_field(frame: str | bytes, code: str, names: str) -> None:
    with pytest.raises(voice.FrameError, match=names) as refusal:
        voice.decode(frame)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (voice.AudioDelta(delta=PCM), {"type": "audio.delta", "delta": AUDIO}),
        (voice.AudioDone(), {"type": "audio.done"}),
        (voice.SpeechStarted(), {"type": "speech.started"}),
        (voice.SpeechStopped(), {"type": "speech.stopped"}),
        (
            voice.UserTranscript(transcript="Hello, how are you?"),
            {"type": "user.transcript", "transcript": "Hello, how are you?"},
        ),
        (voice.TranscriptDone(transcript="좋아요"), {"type": "transcript.done", "transcript": "좋아요"}),
        (
            voice.Error(code="server_error", message="…"),
            {"type": "error", "code": "server_error", "message": "…"},
        ),
        (
            voice.Disconnected(
                report=voice.Report(
                    session_id="s", total_duration_sec=120, user_speech_duration_sec=45, messages=()
                )
            ),
            {
                "type": "disconnected",
                "reason": "Session ended",
                "report": {
                    "session_id": "s",
                    "total_duration_sec": 120,
                    "user_speech_duration_sec": 45,
                    "messages": [],
                },
            },
        ),
    ],
)
def test_server_frames_are_written_as_the_page_says(
    frame: voice.ServerFrame, expected: dict[str, object]
) -> None:
    assert json.loads(voice.encode(frame)) == expected


@pytest.mark.parametrize(
    ("parameters", "expected", "codes"),
    [
        ({}, ConnectQuery(), []),
        ({"voice": "ash", "show_text": "false"}, ConnectQuery(voice="ash", show_text=False), []),
        ({"token": "t", "show_text": "1", "other": "x"}, ConnectQuery(token="t", show_text=True), []),
        ({"token": "t", "voice": "hal"}, ConnectQuery(token="t"), ["invalid_voice"]),
        ({"voice": "", "show_text": "maybe"}, ConnectQuery(), ["invalid_voice", "invalid_message"]),
    ],
)
def test_a_query_keeps_what_is_understood(
    parameters: dict[str, str], expected: ConnectQuery, codes: list[str]
) -> None:
    query, problems = read_query(parameters)
    assert query == expected
    assert [problem.code for problem in problems] == codes
