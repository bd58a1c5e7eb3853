"""What of a run's streamed tokens is yet to be spoken, whoever runs it and however often it begins again."""

from typing import Any, Final

STREAMED: Final = "on_chat_model_stream"
"""The kind of a live delta that carries a model's token; its data is LangChain's event."""


class Telling:
    """The text of one reply as it is told."""

    def __init__(self) -> None:
        self._attempt = 0
        self._call = ""
        self._text = ""
        self._told = ""

    def feed(self, attempt: int, kind: str, data: Any) -> str:
        """What a delta adds to the text; nothing while a later attempt repeats what was told."""
        if kind != STREAMED or attempt < self._attempt:
            return ""
        call = str(data["run_id"])
        if attempt > self._attempt:
            self._attempt, self._call, self._text = attempt, call, ""
        pause = ""
        if call != self._call:
            pause = "\n" if self._told else ""
            self._call, self._text, self._told = call, "", ""
        self._text += _words(data["data"]["chunk"]["content"])
        if not self._text.startswith(self._told) or len(self._text) == len(self._told):
            return ""
        piece = self._text[len(self._told) :]
        self._told = self._text
        return pause + piece

    def finish(self, text: str) -> str:
        """What is missing when the whole reply is known."""
        if text.startswith(self._told):
            return text[len(self._told) :]
        return "\n" + text


def _words(content: Any) -> str:
    """The text in a chunk's content, which is text or a list of typed parts."""
    if isinstance(content, str):
        return content
    parts = [part for part in content if isinstance(part, dict)]
    return "".join(str(part.get("text", "")) for part in parts if part.get("type") == "text")
