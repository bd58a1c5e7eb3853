"""A LangChain chat model as the listener."""

import os
from collections.abc import Sequence
from typing import Any, Final

from chassis.settings import WrongSetting, in_one_line
from quote_engine.domain.guidance import Guidance, Turn
from quote_engine.ports import ListenerError


class ChatModelListener:
    """Asks a chat model for `Guidance` as structured output."""

    def __init__(self, model: Any) -> None:
        """`model` is a LangChain chat model that can give structured output."""
        self._reader: Final = model.with_structured_output(Guidance)

    @classmethod
    def of(cls, name: str, url: str = "", key: str = "") -> "ChatModelListener":
        """The listener for a model named as in ``openai:gpt-5``.

        With `url` the model is at that address, and a name without provider is OpenAI-compatible.

        Raises:
            WrongSetting: if it cannot be loaded.
        """
        # LangChain takes a second to import, and most installations run on the rules.
        from langchain.chat_models import init_chat_model

        try:
            return cls(init_chat_model(name, **_options(name, url, key)))
        except Exception as error:  # whatever a provider's library raises without its key or with a bad one
            raise WrongSetting(f"PARLEY_MODEL: {name!r} can't be loaded: {in_one_line(error)}") from error

    async def listen(self, turns: Sequence[Turn]) -> Guidance:
        """See `Listener`."""
        try:
            guidance = await self._reader.ainvoke(list(turns))
        except Exception as error:
            # Its text may hold the user's words, or the provider's secrets.
            raise ListenerError(f"the chat model failed: {type(error).__name__}") from error
        if not isinstance(guidance, Guidance):
            raise ListenerError(f"expected Guidance, got {type(guidance).__name__}")
        return guidance


def _options(name: str, url: str, key: str) -> dict[str, Any]:
    options: dict[str, Any] = {"base_url": url} if url else {}
    if key:
        options["api_key"] = key
    elif url and name.partition(":")[0] in ("openai", name):
        options["api_key"] = os.environ.get("OPENAI_API_KEY") or "none"  # many servers want none
    if url and ":" not in name:
        options["model_provider"] = "openai"
    return options
