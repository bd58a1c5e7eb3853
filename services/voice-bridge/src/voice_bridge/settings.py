"""What voice-bridge can be told by ``PARLEY_…`` variables."""

from dataclasses import replace
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.talk import Patience
from voice_bridge.engines.realtime.model import Model


class BridgeSettings(BaseSettings):
    """Which engine speaks, and what it needs; times of the voice activity detection in milliseconds.

    Attributes:
        model: the agent's chat model; empty for the embedded one, whose results are worded for the ear here.
        voice: the engine.
        voice_ears: what `local` understands speech with; `auto` takes the best that is installed.
        voice_mouth: what `local` speaks English with; `auto` takes the best that is installed.
        keep_audio: whether audio is kept in the object store, referred to from the events.
        vad: off means that clients end their turns by hand.
        vad_threshold: probability of speech from which a frame counts.
        vad_prefix_ms: how much audio before the detected start belongs to a turn.
        vad_silence_ms: how much silence ends a turn that nothing is known of; None for the engine's own.
        voice_presence: seconds of silence after which the user is asked, once, whether they are there; 0 for
            never.
        voice_idle: seconds without a word of the user's after which the session ends; 0 for never.
        voice_url: address of the speech service of `cascade` and `openai-realtime`; empty for OpenAI's.
        voice_key: its key.
        transcription_model: what `cascade` and `openai-realtime` put the user's speech into text with.
        transcription_language: the language it is told to expect, such as `ko`; empty for any.
        speech_model: what `cascade` speaks with.
        realtime_model: what `openai-realtime` talks with.
        realtime_turns: who ends a turn there: `server_vad` by silence, `semantic_vad` by what was said.
        realtime_eagerness: how soon `semantic_vad` takes a turn for ended.
        realtime_noise_reduction: for the user's microphone; empty for none.
        realtime_idle_ms: silence after which the service speaks by itself, with `server_vad`; 0 for never.
        realtime_speed: how fast its voice speaks.
        realtime_reasoning: how hard its model thinks; empty for the service's own.
        realtime_truncation: whether it forgets the oldest messages when a talk grows too long.
        realtime_prompt: a stored prompt's id, with `:` and its version if need be; empty for none.
        voice_instructions: what that model is told about its part.
        voice_sessions: sessions that one process holds at most.
        reply_timeout: seconds for which the agent may be silent.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    model: str = ""
    voice: Literal["local", "cascade", "openai-realtime"] = "local"
    voice_ears: Literal["auto", "grammar", "moonshine", "whisper"] = "auto"
    voice_mouth: Literal["auto", "espeak", "hibari"] = "auto"
    keep_audio: bool = False
    vad: bool = True
    vad_threshold: float = Field(default=0.5, gt=0, lt=1)
    vad_prefix_ms: int = Field(default=300, ge=0, le=5000)
    vad_silence_ms: int | None = Field(default=None, ge=32, le=10_000)
    voice_presence: float = Field(default=20.0, ge=0)
    voice_idle: float = Field(default=300.0, ge=0)
    voice_url: str = ""
    voice_key: SecretStr = SecretStr("")
    transcription_model: str = "gpt-4o-mini-transcribe"
    transcription_language: str = ""
    speech_model: str = "gpt-4o-mini-tts"
    realtime_model: str = "gpt-realtime"
    realtime_turns: Literal["server_vad", "semantic_vad"] = "server_vad"
    realtime_eagerness: Literal["auto", "low", "medium", "high"] = "auto"
    realtime_noise_reduction: Literal["", "near_field", "far_field"] = ""
    realtime_idle_ms: int = Field(default=0, ge=0, le=30_000)
    realtime_speed: float = Field(default=1.0, ge=0.25, le=1.5)
    realtime_reasoning: Literal["", "minimal", "low", "medium", "high"] = ""
    realtime_truncation: Literal["auto", "disabled"] = "auto"
    realtime_prompt: str = ""
    voice_instructions: str = (
        "You are a helpful voice assistant. Answer in the language the user speaks, in one to three short "
        "sentences that are easy to follow by ear, without lists, markup or emoji. Use the tools for "
        "contacts, data, documents and notes, and say so when they give no answer; never make one up."
    )
    voice_sessions: int = Field(default=16, ge=1)
    reply_timeout: float = Field(default=60.0, gt=0)

    def detection(self) -> VadSettings:
        """How turns are found."""
        found = VadSettings(enabled=self.vad, threshold=self.vad_threshold, prefix_ms=self.vad_prefix_ms)
        return found if self.vad_silence_ms is None else replace(found, silence_ms=self.vad_silence_ms)

    def patience(self) -> Patience:
        """For how long nobody has to speak; a service that breaks the silence itself asks nothing else."""
        asks = self.voice != "openai-realtime" or not self.realtime_idle_ms
        return Patience(self.voice_presence if asks else 0.0, self.voice_idle)

    def realtime(self) -> Model:
        """What `openai-realtime` talks with."""
        return Model(
            name=self.realtime_model,
            transcription=self.transcription_model,
            transcription_language=self.transcription_language,
            instructions=self.voice_instructions,
            turns=self.realtime_turns,
            eagerness=self.realtime_eagerness,
            noise_reduction=self.realtime_noise_reduction,
            idle_ms=self.realtime_idle_ms,
            silence_ms=self.vad_silence_ms,
            speed=self.realtime_speed,
            reasoning=self.realtime_reasoning,
            truncation=self.realtime_truncation,
            prompt=self.realtime_prompt,
        )
