"""A conversation that outgrows the model: its older turns become a summary in the state of the graph.

When it is time for that and what is kept is LangChain's `SummarizationMiddleware`'s to say.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from langchain.agents.middleware import SummarizationMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, SystemMessage, get_buffer_string
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langgraph.constants import TAG_HIDDEN, TAG_NOSTREAM
from langgraph.runtime import Runtime

from agent_runner.agents.prompts import prompt
from agent_runner.engine.faults import ModelFault

logger = logging.getLogger(__name__)

NODE: Final = "summary"
_TRIGGER: Final = 0.75
"""Of the tokens that the model is sent; the rest is for what it is told besides."""
_KEPT: Final = 0.4
"""Of the same, of the newest messages as they stand."""


class Summary:
    """Shortens the messages of a state."""

    def __init__(self, model: BaseChatModel, tokens: int) -> None:
        """`tokens` is how much of a conversation the model is sent."""
        self._most = int(tokens * _TRIGGER)
        self._model = model
        self._middleware: SummarizationMiddleware[Any] = SummarizationMiddleware(
            model,
            trigger=("tokens", self._most),
            keep=("tokens", int(tokens * _KEPT)),
            token_counter=count_tokens_approximately,
            trim_tokens_to_summarize=None,
            summarizer=RunnableLambda(self._summarise),
        )

    def is_due(self, messages: Sequence[BaseMessage]) -> bool:
        """Whether the messages come to more than the model should be sent."""
        return count_tokens_approximately(messages) >= self._most

    def node(self) -> Runnable[Any, dict[str, Any]]:
        """The graph's node; nobody is shown it."""
        return RunnableLambda(self._shorten).with_config(tags=[TAG_HIDDEN])

    async def _shorten(self, state: Mapping[str, Any]) -> dict[str, Any]:
        messages: list[AnyMessage] = list(state["messages"])
        try:
            update = await self._middleware.abefore_model({"messages": messages}, Runtime())
        except ModelFault as fault:  # whose reason is in the log; the oldest turns are left out instead
            logger.warning("the conversation was not summarised: %s", fault.kind)
            return {}
        if not update or update["messages"][-1] is not messages[-1]:
            return {}
        for message in update["messages"]:
            message.id = message.id or f"msg-{uuid4()}"
        return update

    async def _summarise(self, messages: list[AnyMessage], config: RunnableConfig) -> str:
        quiet: RunnableConfig = {**config, "tags": [*(config.get("tags") or ()), TAG_NOSTREAM]}
        said = get_buffer_string(messages, format="xml")
        answer = await self._model.ainvoke([SystemMessage(prompt("summary")), HumanMessage(said)], quiet)
        return answer.text
