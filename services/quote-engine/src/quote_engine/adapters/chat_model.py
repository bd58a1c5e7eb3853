"""A LangChain chat model as the listener."""

import asyncio
import logging
import os
from collections.abc import Sequence
from typing import Any, Final

from chassis.metrics import model_call
from chassis.settings import WrongSetting, in_one_line
from quote_engine.domain.guidance import Guidance, Turn
from quote_engine.ports import ListenerError

PROBE_SECONDS: Final = 10.0
_UNUSABLE: Final = frozenset({401, 403, 404})
"""HTTP statuses by which a provider says that it knows neither the key nor the model."""

_log: Final = logging.getLogger(__name__)


class ChatModelListener:
    """Asks a chat model for `Guidance` as structured output."""

    def __init__(self, model: Any) -> None:
        """`model` is a LangChain chat model that can give structured output."""
        self._model: Final = model
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

    async def check(self) -> None:
        """Ask the model for a word; a provider that is busy or down now may answer later.

        Raises:
            WrongSetting: if the provider knows neither the key nor the model.
        """
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._model.ainvoke("Hi")
        except Exception as error:  # whatever a provider does wrong is what was to be found out
            if _status(error) in _UNUSABLE:
                raise WrongSetting(f"PARLEY_MODEL can't be used: {_reason(error)}") from error
            _log.warning("the chat model does not answer now: %s", _reason(error))
        else:
            _log.info("the chat model answers")

    async def listen(self, turns: Sequence[Turn]) -> Guidance:
        """See `Listener`."""
        with model_call():
            try:
                guidance = await self._reader.ainvoke(list(turns))
            except Exception as error:
                raise ListenerError(f"the chat model failed: {_reason(error)}") from error
            if not isinstance(guidance, Guidance):
                raise ListenerError(f"expected Guidance, got {type(guidance).__name__}")
            return guidance


def _status(error: BaseException) -> int | None:
    status: Any = getattr(error, "status_code", None)
    return status if isinstance(status, int) else None


def _reason(error: BaseException) -> str:
    """What went wrong, without the error's text, which may hold the user's words or a secret."""
    code = getattr(error, "code", None)
    told = (
        type(error).__name__,
        _status(error),
        code if isinstance(code, str) and code.isidentifier() else None,
    )
    return " ".join(str(each) for each in told if each is not None)


def _options(name: str, url: str, key: str) -> dict[str, Any]:
    options: dict[str, Any] = {"base_url": url} if url else {}
    if key:
        options["api_key"] = key
    elif url and name.partition(":")[0] in ("openai", name):
        options["api_key"] = os.environ.get("OPENAI_API_KEY") or "none"  # many servers want none
    if url and ":" not in name:
        options["model_provider"] = "openai"
    return options
