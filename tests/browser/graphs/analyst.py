"""An analyst whose model calls tools and tells its tokens, for who looks at what a turn cost."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition

TOKEN_SECONDS = 0.01
CHARACTERS_PER_TOKEN = 4
MODEL = "demo-model"
MONTHS = {"2023-07": 541_300, "2023-08": 532_340, "2023-09": 685_680, "2023-10": 612_900, "2023-11": 598_410}
PRODUCTS = {"Laptops": 287_990, "Phones": 219_420, "Tablets": 178_270}


@tool
def sales_by_month(year: int) -> dict[str, int]:
    """The months of a year that sold most, in thousands of won."""
    return {month: sold for month, sold in MONTHS.items() if month.startswith(str(year))}


@tool
def sales_by_product(month: str) -> dict[str, int]:
    """What was sold in a month, in thousands of won."""
    return PRODUCTS if month in MONTHS else {}


TOOLS = [sales_by_month, sales_by_product]
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("sales_by_month", {"year": 2023}),
    ("sales_by_product", {"month": "2023-09"}),
]


def _table(messages: list[BaseMessage]) -> str:
    """What the last tool found, as Markdown."""
    found: dict[str, int] = json.loads(messages[-1].text)
    rows = "\n".join(
        f"| {name} | {sold:,} | {sold / sum(found.values()):.0%} |" for name, sold in found.items()
    )
    return (
        "**September 2023** sold best: 685,680 thousand won, 28.8% more than August. "
        f"Laptops made most of it.\n\n| Product | Sold | Share |\n| --- | ---: | ---: |\n{rows}\n"
    )


class Analyst(BaseChatModel):
    """Calls the tools one after the other, then answers with what the last one found."""

    @property
    def _llm_type(self) -> str:
        return "analyst"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **more: Any,
    ) -> ChatResult:
        raise NotImplementedError("it only streams")

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **more: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        asked = max(place for place, message in enumerate(messages) if isinstance(message, HumanMessage))
        done = sum(isinstance(message, ToolMessage) for message in messages[asked:])
        if done < len(CALLS):
            name, arguments = CALLS[done]
            made = json.dumps(arguments)
            await asyncio.sleep(TOKEN_SECONDS * len(made) / CHARACTERS_PER_TOKEN)
            call = tool_call_chunk(name=name, args=made, id=f"call-{asked}-{done}", index=0)
            yield ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))
        else:
            made = _table(messages)
            for word in re.findall(r"\S*\s*", made):
                await asyncio.sleep(TOKEN_SECONDS)
                yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        given = sum(len(message.text) for message in messages) // CHARACTERS_PER_TOKEN
        written = len(made) // CHARACTERS_PER_TOKEN
        usage = {"input_tokens": given, "output_tokens": written, "total_tokens": given + written}
        told = {"model_name": MODEL}
        yield ChatGenerationChunk(
            message=AIMessageChunk(content="", usage_metadata=usage, response_metadata=told)
        )


async def think(state: MessagesState) -> Any:
    """Decide what to look up, or answer."""
    answer = await Analyst().ainvoke(state["messages"])
    assert isinstance(answer, AIMessage)
    return {"messages": [answer]}


graph = StateGraph(MessagesState)
graph.add_node(think)
graph.add_node("tools", ToolNode(TOOLS))
graph.add_edge(START, "think")
graph.add_conditional_edges("think", tools_condition)
graph.add_edge("tools", "think")
