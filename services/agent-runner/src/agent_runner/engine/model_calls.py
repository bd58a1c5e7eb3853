"""Counts the calls of chat models, as LangChain tells of them: how they end, how soon a token comes."""

import time
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.outputs import LLMResult

from chassis.metrics import MODEL_CALLS, MODEL_FIRST_TOKEN_SECONDS


class ModelCalls(BaseCallbackHandler):
    """Handles the callbacks of one run."""

    run_inline = True

    def __init__(self) -> None:
        self._silent: dict[UUID, float] = {}

    def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], *, run_id: UUID, **_: Any
    ) -> None:
        """A call begins."""
        self._silent[run_id] = time.monotonic()

    def on_llm_new_token(self, token: str | list[str | dict[str, Any]], *, run_id: UUID, **_: Any) -> None:
        """A piece of the answer."""
        if (began := self._silent.pop(run_id, None)) is not None:
            MODEL_FIRST_TOKEN_SECONDS.observe(time.monotonic() - began)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """It has answered."""
        self.on_llm_new_token("", run_id=run_id)
        MODEL_CALLS.labels("answered").inc()

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """It failed."""
        self._silent.pop(run_id, None)
        MODEL_CALLS.labels("failed").inc()
