"""What voice-bridge can be told by ``PARLEY_…`` variables."""

from typing import Literal

from pydantic import Field, SecretStr

from chassis.settings import Settings
from voice_bridge.domain.endpointing import VadSettings


class BridgeSettings(Settings):
    """Which engine speaks, and what it needs; times of the voice activity detection in milliseconds."""

    voice: Literal["local", "cascade", "openai-realtime"] = "local"
    """The voice engine: `local`, `cascade` or `openai-realtime`."""
    keep_audio: bool = False
    """`true`: what is said in voice sessions is kept in the object store."""
    vad: bool = True
    """`false`: voice clients end their turns by hand."""
    vad_threshold: float = Field(default=0.5, gt=0, lt=1)
    """Probability of speech from which audio counts as speech."""
    vad_prefix_ms: int = Field(default=300, ge=0, le=5000)
    """Milliseconds before the detected start that belong to a turn."""
    vad_silence_ms: int = Field(default=256, ge=32, le=10_000)
    """Milliseconds of silence that end a turn (see docs/voice.md)."""
    voice_url: str = ""
    """The OpenAI-compatible speech service of `cascade` and `openai-realtime`."""
    voice_key: SecretStr = SecretStr("")
    """Its key."""
    transcription_model: str = "gpt-4o-mini-transcribe"
    """What it puts speech into text with."""
    speech_model: str = "gpt-4o-mini-tts"
    """What `cascade` speaks with."""
    realtime_model: str = "gpt-realtime"
    """What `openai-realtime` talks with."""
    voice_instructions: str = (
        "You are a helpful voice assistant. Answer in the language the user speaks, in one to three short "
        "sentences that are easy to follow by ear, without lists, markup or emoji. Use the tools for "
        "contacts, data, documents and notes, and say so when they give no answer; never make one up."
    )
    """What that model is told about its part."""
    voice_sessions: int = Field(default=16, ge=1)
    """Voice sessions that one process holds at most (see docs/voice.md)."""
    reply_timeout: float = Field(default=60.0, gt=0)
    """Seconds for which the agent of a voice session may be silent."""

    def detection(self) -> VadSettings:
        """How turns are found."""
        return VadSettings(
            enabled=self.vad,
            threshold=self.vad_threshold,
            prefix_ms=self.vad_prefix_ms,
            silence_ms=self.vad_silence_ms,
        )
