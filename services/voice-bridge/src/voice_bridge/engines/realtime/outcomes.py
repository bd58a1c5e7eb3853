"""What an event of the Realtime API comes to: events of an engine, and what the session is to do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from voice_bridge.domain.speech import EngineEvent, EngineFailed, TokensUsed

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

    request_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Unread:
    """An event that means nothing here."""

    type: str


Outcome: TypeAlias = EngineEvent | ToolRequest | ApprovalRequest | Unread

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
_INCOMPLETE: Final = {
    "max_output_tokens": "the answer grew too long and was cut off",
    "content_filter": "the answer was held back by the service's filter",
}


def tokens(usage: Mapping[str, Any] | None) -> list[Outcome]:
    return [TokensUsed(usage.get("input_tokens") or 0, usage.get("output_tokens") or 0)] if usage else []


def shortfall(response: Mapping[str, Any]) -> list[Outcome]:
    """Why a response is less than it was to be."""
    details = response.get("status_details") or {}
    match response.get("status"):
        case "failed":
            error = details.get("error") or {}
            return [EngineFailed(error.get("message") or "the model failed")]
        case "incomplete":
            return [EngineFailed(_INCOMPLETE.get(details.get("reason", ""), "the answer is incomplete"))]
    return []


def approval(item: Mapping[str, Any]) -> list[Outcome]:
    if item.get("type") != "mcp_approval_request":
        return []
    return [
        EngineFailed(f"{item['name']} needs an approval, which nobody can give in this conversation"),
        ApprovalRequest(item["id"], item["name"]),
    ]


def failure(error: Mapping[str, Any]) -> list[Outcome]:
    if error.get("code") in _HARMLESS:
        return []
    return [EngineFailed(error.get("message") or "the realtime service reported an error")]
