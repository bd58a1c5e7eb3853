"""What voice-bridge can be told by ``PARLEY_…`` variables."""

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from voice_bridge.domain.endpointing import VadSettings


class BridgeSettings(BaseSettings):
    """Which engine speaks, and what it needs; times of the voice activity detection in milliseconds.

    Attributes:
        voice: the engine.
        keep_audio: whether audio is kept in the object store, referred to from the events.
        vad: off means that clients end their turns by hand.
        vad_threshold: probability of speech from which a frame counts.
        vad_prefix_ms: how much audio before the detected start belongs to a turn.
        vad_silence_ms: how much silence ends a turn.
        voice_url: address of the speech service of `cascade` and `openai-realtime`; empty for OpenAI's.
        voice_key: its key.
        transcription_model: what `cascade` and `openai-realtime` put the user's speech into text with.
        speech_model: what `cascade` speaks with.
        realtime_model: what `openai-realtime` talks with.
        voice_instructions: what that model is told about its part.
        voice_sessions: sessions that one process holds at most.
        reply_timeout: seconds for which the agent may be silent.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    voice: Literal["local", "cascade", "openai-realtime"] = "local"
    keep_audio: bool = False
    vad: bool = True
    vad_threshold: float = Field(default=0.5, gt=0, lt=1)
    vad_prefix_ms: int = Field(default=300, ge=0, le=5000)
    vad_silence_ms: int = Field(default=256, ge=32, le=10_000)
    voice_url: str = ""
    voice_key: SecretStr = SecretStr("")
    transcription_model: str = "gpt-4o-mini-transcribe"
    speech_model: str = "gpt-4o-mini-tts"
    realtime_model: str = "gpt-realtime"
    voice_instructions: str = (
        "You are a helpful voice assistant. Answer in the language the user speaks, in one to three short "
        "sentences that are easy to follow by ear, without lists, markup or emoji. Use the tools for "
        "contacts, data, documents and notes, and say so when they give no answer; never make one up."
    )
    voice_sessions: int = Field(default=16, ge=1)
    reply_timeout: float = Field(default=60.0, gt=0)

    def detection(self) -> VadSettings:
        """How turns are found."""
        return VadSettings(
            enabled=self.vad,
            threshold=self.vad_threshold,
            prefix_ms=self.vad_prefix_ms,
            silence_ms=self.vad_silence_ms,
        )
