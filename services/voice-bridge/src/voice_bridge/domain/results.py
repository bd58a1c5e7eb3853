"""The results of tools as a run's nodes record them. Pure."""

import json
from typing import Any

from contracts.events import NodeCompleted
from voice_bridge.domain.wording import ToolResult


class Results:
    """What the tools of one run came to, in the order of their calls."""

    def __init__(self) -> None:
        self._waiting: list[str] = []
        self.found: list[ToolResult] = []

    def take(self, event: NodeCompleted) -> None:
        """A node ended, perhaps one that asks for tools or has called them."""
        update = event.update if isinstance(event.update, dict) else {}
        messages = update.get("messages")
        for message in messages if isinstance(messages, list) else ():
            if not isinstance(message, dict):
                continue
            self._waiting += [str(call.get("name")) for call in message.get("tool_calls") or ()]
            if message.get("type") == "ToolMessage" and self._waiting:
                self.found.append(_result(self._waiting.pop(0), message.get("content")))


def _result(tool: str, content: Any) -> ToolResult:
    """Tools answer with JSON; any other text says what went wrong."""
    try:
        return ToolResult(tool, json.loads(content))
    except (TypeError, ValueError):
        return ToolResult(tool, content, failed=True)
