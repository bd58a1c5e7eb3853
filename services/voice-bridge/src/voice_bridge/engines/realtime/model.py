"""How a session of the Realtime API is set up, and the events that are sent to it; pure.

Source: the GA names of the Realtime API; events are the JSON objects of the wire.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from protocols.voice.wire import Voice
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.ports import Said, Tool

ClientEvent: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things may take, in seconds, and how often they are tried.

    Attributes:
        session: from this age on, a session is replaced when nobody speaks.
        session_hard: at this age it is replaced at any rate; the server's own limit is an hour.
        ready: until a new session is set up; one that breaks sooner counts as one more failure.
        answer: for how long the service may say nothing while a reply is waited for.
        first_delay: before the second attempt to connect; doubled for each further one.
        held_events: how much of the user's audio is held back at most, in frames.
    """

    session: float = 50 * 60
    session_hard: float = 58 * 60
    ready: float = 10
    answer: float = 60
    attempts: int = 5
    first_delay: float = 0.5
    longest_delay: float = 8
    held_events: int = 500


@dataclass(frozen=True, slots=True)
class Model:
    """Which models are used, what they are told, and how turns are taken; empty for the service's own.

    Attributes:
        name: the speech-to-speech model.
        transcription: the model that puts the user's speech into text.
        transcription_language: what it is told to expect.
        instructions: how the first one is to behave.
        turns: ``server_vad`` or ``semantic_vad``.
        eagerness: of ``semantic_vad``.
        noise_reduction: ``near_field`` or ``far_field``.
        idle_ms: silence after which it speaks by itself.
        silence_ms: silence that ends a turn, with ``server_vad``.
        speed: of its voice.
        reasoning: its effort.
        truncation: ``auto`` or ``disabled``.
        prompt: id of a stored prompt, with ``:`` and a version if need be.
    """

    name: str
    transcription: str
    transcription_language: str = ""
    instructions: str = ""
    turns: str = "server_vad"
    eagerness: str = "auto"
    noise_reduction: str = ""
    idle_ms: int = 0
    silence_ms: int | None = None
    speed: float = 1.0
    reasoning: str = ""
    truncation: str = "auto"
    prompt: str = ""


def session_update(model: Model, voice: Voice, vad: VadSettings, tools: Sequence[Tool]) -> ClientEvent:
    """The event that sets a session up; what is not set is left to the service."""
    pcm = {"type": "audio/pcm", "rate": SAMPLE_RATE}
    transcription = {"model": model.transcription}
    if model.transcription_language:
        transcription["language"] = model.transcription_language
    heard: dict[str, Any] = {
        "format": pcm,
        "transcription": transcription,
        "turn_detection": _detection(model, vad) if vad.enabled else None,
    }
    if model.noise_reduction:
        heard["noise_reduction"] = {"type": model.noise_reduction}
    spoken: dict[str, Any] = {"format": pcm, "voice": voice}
    if model.speed != 1.0:
        spoken["speed"] = model.speed
    session: dict[str, Any] = {
        "type": "realtime",
        "output_modalities": ["audio"],
        "audio": {"input": heard, "output": spoken},
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": dict(tool.parameters),
            }
            for tool in tools
        ],
        "tool_choice": "auto",
    }
    if model.instructions:
        session["instructions"] = model.instructions
    if model.reasoning:
        session["reasoning"] = {"effort": model.reasoning}
    if model.truncation != "auto":
        session["truncation"] = model.truncation
    if model.prompt:
        name, _, version = model.prompt.partition(":")
        session["prompt"] = {"id": name} | ({"version": version} if version else {})
    return {"type": "session.update", "session": session}


def _detection(model: Model, vad: VadSettings) -> ClientEvent:
    common: ClientEvent = {"type": model.turns, "create_response": True, "interrupt_response": True}
    if model.turns == "semantic_vad":
        return common | {"eagerness": model.eagerness}
    detection = common | {"threshold": vad.threshold, "prefix_padding_ms": vad.prefix_ms}
    if model.silence_ms is not None:
        detection["silence_duration_ms"] = model.silence_ms
    if model.idle_ms:
        detection["idle_timeout_ms"] = model.idle_ms
    return detection


def seed(history: Sequence[Said]) -> list[ClientEvent]:
    """The events that tell a fresh session what was said before."""
    kinds = {"user": "input_text", "assistant": "output_text"}
    return [
        {
            "type": "conversation.item.create",
            "item": {
                "type": "message",
                "role": said.role,
                "content": [{"type": kinds[said.role], "text": said.text}],
            },
        }
        for said in history
        if said.text
    ]


def append(pcm: bytes) -> ClientEvent:
    """The event that carries the user's speech."""
    return {"type": "input_audio_buffer.append", "audio": b64encode(pcm).decode("ascii")}


COMMIT: Final[ClientEvent] = {"type": "input_audio_buffer.commit"}
RESPOND: Final[ClientEvent] = {"type": "response.create"}
CANCEL: Final[ClientEvent] = {"type": "response.cancel"}


def tool_output(call_id: str, output: str) -> ClientEvent:
    """The event that gives the model a tool's result."""
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    return {"type": "conversation.item.create", "item": item}


def refusal(request_id: str) -> ClientEvent:
    """The event that refuses what a server of tools needs an approval for: nobody can be asked here."""
    item = {
        "type": "mcp_approval_response",
        "id": f"answer-{request_id}",
        "approval_request_id": request_id,
        "approve": False,
        "reason": "nobody can approve it in this conversation",
    }
    return {"type": "conversation.item.create", "item": item}


def say(text: str) -> ClientEvent:
    """The event that has the model say a sentence, and nothing else."""
    instructions = f"Say exactly this and nothing else: {text}"
    return {"type": "response.create", "response": {"instructions": instructions, "tool_choice": "none"}}
