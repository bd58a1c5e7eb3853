"""Counts the calls of chat models, as LangChain tells of them: how they end, how soon, and their tokens."""

import threading
import time
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, LLMResult

from chassis.metrics import MODEL_CALLS, MODEL_FIRST_TOKEN_SECONDS
from contracts.events import ModelUsage


class ModelCalls(BaseCallbackHandler):
    """Handles the callbacks of one run."""

    run_inline = True

    def __init__(self) -> None:
        self._silent: dict[UUID, float] = {}
        self._models: dict[UUID, str] = {}
        self._usage: dict[str, ModelUsage] = {}
        self._adding = threading.Lock()  # nodes that are no coroutines run in threads

    @property
    def usage(self) -> tuple[ModelUsage, ...]:
        """The tokens so far, of each model that tells them."""
        return tuple(self._usage.values())

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        metadata: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """A call begins."""
        self._silent[run_id] = time.monotonic()
        self._models[run_id] = str((metadata or {}).get("ls_model_name") or "unknown")

    def on_llm_new_token(self, token: str | list[str | dict[str, Any]], *, run_id: UUID, **_: Any) -> None:
        """A piece of the answer."""
        if (began := self._silent.pop(run_id, None)) is not None:
            MODEL_FIRST_TOKEN_SECONDS.observe(time.monotonic() - began)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        """It has answered."""
        self.on_llm_new_token("", run_id=run_id)
        MODEL_CALLS.labels("answered").inc()
        told = self._models.pop(run_id, "unknown")
        for generation in (each for group in response.generations for each in group):
            message = generation.message if isinstance(generation, ChatGeneration) else None
            if isinstance(message, AIMessage) and (usage := message.usage_metadata):
                self._add(str(message.response_metadata.get("model_name") or told), usage)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:
        """It failed."""
        self._silent.pop(run_id, None)
        self._models.pop(run_id, None)
        MODEL_CALLS.labels("failed").inc()

    def _add(self, model: str, told: UsageMetadata) -> None:
        with self._adding:
            was = self._usage.get(model, ModelUsage(model=model, calls=0, input_tokens=0, output_tokens=0))
            self._usage[model] = ModelUsage(
                model=model,
                calls=was.calls + 1,
                input_tokens=was.input_tokens + told["input_tokens"],
                output_tokens=was.output_tokens + told["output_tokens"],
            )
