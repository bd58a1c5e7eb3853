"""What voice-bridge can be told by ``PARLEY_…`` variables."""

from dataclasses import replace
from typing import Literal

from pydantic import Field, SecretStr

from chassis.settings import Settings
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.patience import Patience
from voice_bridge.engines.realtime.model import Model


class BridgeSettings(Settings):
    """Which engine speaks, and what it needs; times of the voice activity detection in milliseconds."""

    model: str = ""
    """A chat model such as `openai:gpt-4o`. Empty: the embedded model, which needs no key."""
    voice: Literal["local", "cascade", "openai-realtime"] = "local"
    """The voice engine: `local`, `cascade` or `openai-realtime`."""
    voice_ears: Literal["auto", "grammar", "moonshine", "whisper"] = "auto"
    """The recognizer of `local`: `grammar`, `moonshine`, `whisper`, or the best that is installed."""
    voice_mouth: Literal["auto", "espeak", "hibari"] = "auto"
    """The English voice of `local`: `espeak`, `hibari`, or the best that is installed."""
    keep_audio: bool = False
    """`true`: what is said in voice sessions is kept in the object store."""
    vad: bool = True
    """`false`: voice clients end their turns by hand."""
    vad_threshold: float = Field(default=0.5, gt=0, lt=1)
    """Probability of speech from which audio counts as speech."""
    vad_prefix_ms: int = Field(default=300, ge=0, le=5000)
    """Milliseconds before the detected start that belong to a turn."""
    vad_silence_ms: int = Field(default=0, ge=0, le=10_000)
    """Milliseconds of silence that end a turn; 0: the engine's own (see docs/voice.md)."""
    voice_presence: float = Field(default=20.0, ge=0)
    """Seconds of silence after which a voice user is asked once whether they are there; 0: never."""
    voice_idle: float = Field(default=300.0, ge=0)
    """Seconds without a word of the user's after which a voice session ends; 0: never."""
    voice_url: str = ""
    """The OpenAI-compatible speech service of `cascade` and `openai-realtime`."""
    voice_key: SecretStr = SecretStr("")
    """Its key."""
    transcription_model: str = "gpt-4o-mini-transcribe"
    """The model of the speech service that turns speech into text."""
    transcription_language: str = ""
    """The language that this model is told to expect, such as `ko`. Empty: any."""
    speech_model: str = "gpt-4o-mini-tts"
    """The model with which `cascade` speaks."""
    realtime_model: str = "gpt-realtime"
    """The model with which `openai-realtime` talks."""
    realtime_turns: Literal["server_vad", "semantic_vad"] = "server_vad"
    """Who ends a turn there: `server_vad` by silence, `semantic_vad` by what was said."""
    realtime_eagerness: Literal["auto", "low", "medium", "high"] = "auto"
    """How soon `semantic_vad` decides that a turn has ended: `low`, `medium`, `high` or `auto`."""
    realtime_noise_reduction: Literal["", "near_field", "far_field"] = ""
    """Noise reduction of the user's microphone: `near_field` or `far_field`. Empty: none."""
    realtime_idle_ms: int = Field(default=0, ge=0, le=30_000)
    """Milliseconds of silence after which the service itself speaks, with `server_vad`; 0: never."""
    realtime_speed: float = Field(default=1.0, ge=0.25, le=1.5)
    """How fast its voice speaks, from 0.25 to 1.5."""
    realtime_reasoning: Literal["", "minimal", "low", "medium", "high"] = ""
    """How hard its model thinks, where it can: `minimal` to `high`. Empty: the service's own."""
    realtime_truncation: Literal["auto", "disabled"] = "auto"
    """Whether it forgets the oldest messages of a talk that grows too long: `auto` or `disabled`."""
    realtime_prompt: str = ""
    """The id of a stored prompt of the service, with `:` and a version if need be."""
    voice_instructions: str = (
        "You are a helpful voice assistant. Answer in the language the user speaks, in one to three short "
        "sentences that are easy to follow by ear, without lists, markup or emoji. Use the tools for "
        "contacts, data, documents and notes, and say so when they give no answer; never make one up."
    )
    """Instructions for that model."""
    voice_sessions: int = Field(default=16, ge=1)
    """Voice sessions that one process holds at most (see docs/voice.md)."""
    reply_timeout: float = Field(default=60.0, gt=0)
    """Seconds for which the agent, or the service of `openai-realtime`, may be silent when asked."""

    def detection(self) -> VadSettings:
        """How turns are found."""
        found = VadSettings(enabled=self.vad, threshold=self.vad_threshold, prefix_ms=self.vad_prefix_ms)
        return replace(found, silence_ms=self.vad_silence_ms) if self.vad_silence_ms else found

    def patience(self) -> Patience:
        """For how long nobody has to speak; a service that breaks the silence itself asks nothing else."""
        asks = self.voice != "openai-realtime" or not self.realtime_idle_ms
        return Patience(self.voice_presence if asks else 0.0, self.voice_idle)

    def realtime(self) -> Model:
        """The model with which `openai-realtime` talks."""
        return Model(
            name=self.realtime_model,
            transcription=self.transcription_model,
            transcription_language=self.transcription_language,
            instructions=self.voice_instructions,
            turns=self.realtime_turns,
            eagerness=self.realtime_eagerness,
            noise_reduction=self.realtime_noise_reduction,
            idle_ms=self.realtime_idle_ms,
            silence_ms=self.vad_silence_ms or None,
            speed=self.realtime_speed,
            reasoning=self.realtime_reasoning,
            truncation=self.realtime_truncation,
            prompt=self.realtime_prompt,
        )
