"""The spans of a run: its nodes, the calls of models and of tools, as LangChain tells of them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langgraph.constants import START
from langgraph.errors import GraphBubbleUp
from opentelemetry.trace import Span

from chassis import conventions as names
from chassis.telemetry import TRACING, fail, pseudonym


class Spans(AsyncCallbackHandler):
    """Handles the callbacks of one run; what people and models say is not recorded."""

    run_inline = True

    def __init__(self, conversation: str, run: Span) -> None:
        self._conversation = pseudonym(conversation)
        self._run = run
        self._open: dict[UUID, Span] = {}
        self._parents: dict[UUID, UUID | None] = {}

    async def on_chain_start(
        self,
        serialized: dict[str, Any] | None,
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A node, or something inside of one that has no span of its own."""
        self._parents[run_id] = parent_run_id
        node = (metadata or {}).get("langgraph_node")
        if node not in (None, START) and kwargs.get("name") == node:
            self._begin(run_id, f"node {node}", {names.NODE: str(node)})

    async def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """The end of a node."""
        self._end(run_id)

    async def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A node failed, or stopped to ask a person, which is no failure."""
        self._end(run_id, None if isinstance(error, GraphBubbleUp) else error)

    async def on_chat_model_start(
        self,
        serialized: dict[str, Any] | None,
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        """A model is asked."""
        self._parents[run_id] = parent_run_id
        known = metadata or {}
        parameters = kwargs.get("invocation_params") or {}
        model = str(known.get("ls_model_name") or parameters.get("_type") or "unknown")
        attributes = {
            names.GEN_AI_OPERATION: names.CHAT,
            names.GEN_AI_PROVIDER: str(known.get("ls_provider") or "parley"),
            names.GEN_AI_MODEL: model,
            names.GEN_AI_CONVERSATION: self._conversation,
        }
        self._begin(run_id, f"{names.CHAT} {model}", attributes, client=True)

    async def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """A model has answered."""
        if span := self._open.get(run_id):
            for name, value in _usage(response).items():
                span.set_attribute(name, value)
        self._end(run_id)

    async def on_llm_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A model failed."""
        self._end(run_id, error)

    async def on_tool_start(
        self,
        serialized: dict[str, Any] | None,
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **kwargs: Any,
    ) -> None:
        """A tool is called."""
        self._parents[run_id] = parent_run_id
        tool = str(kwargs.get("name") or (serialized or {}).get("name") or "tool")
        attributes = {
            names.GEN_AI_OPERATION: names.EXECUTE_TOOL,
            names.GEN_AI_TOOL: tool,
            names.GEN_AI_CONVERSATION: self._conversation,
        }
        if call := kwargs.get("tool_call_id"):
            attributes[names.GEN_AI_TOOL_CALL] = str(call)
        self._begin(run_id, f"{names.EXECUTE_TOOL} {tool}", attributes)

    async def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool has answered."""
        self._end(run_id)

    async def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool failed."""
        self._end(run_id, error)

    def _begin(self, run_id: UUID, name: str, attributes: Mapping[str, str], *, client: bool = False) -> None:
        above = self._parents.get(run_id)
        while above is not None and above not in self._open:
            above = self._parents.get(above)
        parent = self._open[above] if above is not None else self._run
        self._open[run_id] = TRACING.begin(name, "client" if client else "internal", attributes, under=parent)

    def _end(self, run_id: UUID, error: BaseException | None = None) -> None:
        self._parents.pop(run_id, None)
        span = self._open.pop(run_id, None)
        if span is None:
            return
        if error is not None:
            fail(span, error)
        span.end()


def _usage(response: LLMResult) -> dict[str, int]:
    for generation in (each for group in response.generations for each in group):
        message = generation.message if isinstance(generation, ChatGeneration) else None
        if isinstance(message, AIMessage) and (usage := message.usage_metadata):
            return {
                names.GEN_AI_INPUT_TOKENS: usage["input_tokens"],
                names.GEN_AI_OUTPUT_TOKENS: usage["output_tokens"],
            }
    return {}
