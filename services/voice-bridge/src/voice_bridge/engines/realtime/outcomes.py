"""What an event of the Realtime API comes to: events of an engine, and what the session is to do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from voice_bridge.domain.speech import EngineEvent, TokensUsed

_HARMLESS: Final = frozenset(
    {
        "response_cancel_not_active",
        "input_audio_buffer_commit_empty",
        "conversation_already_has_active_response",
        "session_expired",
    }
)
"""Errors that only say that a request crossed an event on the way, or that a fresh session is needed."""


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """The model wants a tool called; `arguments` is JSON text."""

    reply: str
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ApprovalRequest:
    """A tool of another server's is to be called only if somebody approves it."""

    reply: str
    request_id: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Something went wrong.

    Attributes:
        phrase: what the user is told, by its name in `domain.phrases`.
        reason: what the operator is told.
        tool: fills the slot of the phrase.
    """

    phrase: str
    reason: str
    tool: str = ""


@dataclass(frozen=True, slots=True)
class Unread:
    """An event that means nothing here."""

    type: str


Outcome: TypeAlias = EngineEvent | ToolRequest | ApprovalRequest | Fault | Unread

KNOWN: Final = frozenset(
    {
        "session.created",
        "conversation.created",
        "conversation.item.added",
        "conversation.item.created",
        "conversation.item.deleted",
        "conversation.item.retrieved",
        "conversation.item.truncated",
        "conversation.item.input_audio_transcription.delta",
        "conversation.item.input_audio_transcription.segment",
        "input_audio_buffer.cleared",
        "input_audio_buffer.dtmf_event_received",
        "output_audio_buffer.cleared",
        "output_audio_buffer.started",
        "output_audio_buffer.stopped",
        "mcp_list_tools.completed",
        "mcp_list_tools.in_progress",
        "rate_limits.updated",
    }
)
"""Events that need nothing done: other events say the same, or nobody here asks for it."""
_INCOMPLETE: Final = {"max_output_tokens": "too_long", "content_filter": "held_back"}
_INTERRUPTED: Final = frozenset({"turn_detected", "client_cancelled"})
"""Why a response is cancelled because the user speaks."""


def tokens(usage: Mapping[str, Any] | None) -> list[Outcome]:
    return [TokensUsed(usage.get("input_tokens") or 0, usage.get("output_tokens") or 0)] if usage else []


def shortfall(response: Mapping[str, Any]) -> list[Outcome]:
    """Why a response is less than it was to be."""
    status, details = response.get("status"), response.get("status_details") or {}
    why = f"response {status}: {details.get('reason') or described(details.get('error'))}"
    match status:
        case "completed":
            return []
        case "incomplete":
            return [Fault(_INCOMPLETE.get(details.get("reason", ""), "cut_off"), why)]
        case "cancelled":
            return [] if details.get("reason") in _INTERRUPTED else [Fault("cut_off", why)]
    return [Fault("service_failed", why)]


def failure(error: object) -> list[Outcome]:
    if isinstance(error, Mapping) and error.get("code") in _HARMLESS:
        return []
    return [Fault("service_failed", described(error))]


def described(error: object) -> str:
    """An error of the service's in one line, whatever its shape."""
    if not isinstance(error, Mapping):
        return str(error)
    return (
        " ".join(str(error[name]) for name in ("type", "code", "message") if error.get(name)) or "no reason"
    )
