"""The end of a run tells the tokens of its models, by model."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langgraph.graph import START, MessagesState, StateGraph

from contracts.events import Event, ModelUsage, RunCompleted, RunMetered


class Metered(BaseChatModel):
    """Tells ten tokens in, and one out."""

    name_told: str

    @property
    def _llm_type(self) -> str:
        return "metered"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        usage = {"input_tokens": 10, "output_tokens": 1, "total_tokens": 11}
        told = AIMessage("ok", usage_metadata=usage, response_metadata={"model_name": self.name_told})
        return ChatResult(generations=[ChatGeneration(message=told)])


class Silent(Metered):
    """Tells nothing of tokens."""

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage("ok"))])


def _graph(*models: BaseChatModel) -> Any:
    graph = StateGraph(MessagesState)

    def in_a_thread(state: MessagesState) -> Any:
        return {"messages": [model.invoke(state["messages"]) for model in models]}

    graph.add_node("ask", in_a_thread)
    graph.add_edge(START, "ask")
    return graph


async def test_the_end_of_a_run_tells_the_tokens_of_each_model(runs: Any) -> None:
    large, small = Metered(name_told="large"), Metered(name_told="small")
    conversation = runs(_graph(large, small, large))
    await conversation.say("hello")
    metered, end = (await conversation.events(Event))[-2:]
    assert isinstance(metered, RunMetered)
    assert isinstance(end, RunCompleted)
    assert metered.usage == (
        ModelUsage(model="large", calls=2, input_tokens=20, output_tokens=2),
        ModelUsage(model="small", calls=1, input_tokens=10, output_tokens=1),
    )


async def test_a_model_that_tells_nothing_is_left_out(runs: Any) -> None:
    conversation = runs(_graph(Silent(name_told="silent")))
    await conversation.say("hello")
    assert await conversation.events(RunMetered) == []
