"""A message that one attempt began and the next says anew has one id, by which pages put it in its place."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langgraph.graph import START, MessagesState, StateGraph

from agent_runner.engine.streaming.naming import name_messages
from contracts.events import ConversationStarted, RunRequested
from contracts.live import FRAME


class Halting(GenericFakeChatModel):
    """Says two words; at its first call it comes no further than to the first one."""

    calls: int = 0

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        self.calls += 1
        yield ChatGenerationChunk(message=AIMessageChunk(content="one"))
        if self.calls == 1:
            await asyncio.Event().wait()
        yield ChatGenerationChunk(message=AIMessageChunk(content=" two"))


@pytest.mark.parametrize(("stream", "ids"), [("protocol", 1), ("modes", 2)])
async def test_what_a_dead_attempt_began_is_said_anew_under_its_id(stream: Any, ids: int, runs: Any) -> None:
    name_messages()
    model = Halting(messages=iter(()))

    async def speak(state: MessagesState) -> Any:
        return {"messages": [await model.ainvoke(state["messages"])]}

    talk = runs(StateGraph(MessagesState).add_node("speak", speak).add_edge(START, "speak"))
    request = RunRequested(
        addressee="x",
        protocol="langgraph",
        input={"messages": [{"type": "human", "content": "hi"}]},
        stream_modes=("messages-tuple",),
        stream=stream,
    )
    opening = ConversationStarted(responder_name="agent-runner", graph="graph", protocol="langgraph")
    receipt = await talk.inbox.receive(talk.KEY, request, opening)
    work = await talk.log.next(talk.KEY, ">", after=receipt.sequence - 1)
    killed = asyncio.create_task(talk.runner().answer(work))
    async with talk.live.listen(talk.KEY, replay=True) as deltas:
        while '"one"' not in str((await anext(deltas)).data):
            pass
    killed.cancel()
    await asyncio.wait({killed})
    await talk.run(work)
    frames = [delta.data for delta in await talk.live.kept(talk.KEY) if delta.kind == FRAME]
    told = [json.loads(data) for _, event, data in frames if event == "messages"]
    if stream == "protocol":
        said = [one["params"]["data"] for one in told]
        begun = [one["id"] for one in said if one["event"] == "message-start"]
    else:
        begun = [message["id"] for message, _ in told if message["content"] == "one"]
    assert len(begun) == 2
    assert len(set(begun)) == ids
    saver = talk.runner()._saver
    state = await saver.aget_tuple({"configurable": {"thread_id": talk.KEY}})
    last = state.checkpoint["channel_values"]["messages"][-1]
    assert isinstance(last, AIMessage)
    assert (last.id, last.text) == (begun[-1], "one two")


async def test_each_call_has_an_id_of_its_own(runs: Any) -> None:
    name_messages()
    model = Halting(messages=iter(()), calls=1)

    async def speak(state: MessagesState) -> Any:
        return {"messages": [await model.ainvoke("a"), await model.ainvoke("a")]}

    graph = StateGraph(MessagesState).add_node("speak", speak).add_node("again", speak)
    talk = runs(graph.add_edge(START, "speak").add_edge(START, "again"))
    for _ in range(2):
        request = RunRequested(addressee="x", protocol="langgraph", input={}, stream="protocol")
        opening = ConversationStarted(responder_name="agent-runner", graph="graph", protocol="langgraph")
        receipt = await talk.inbox.receive(talk.KEY, request, opening)
        await talk.run(await talk.log.next(talk.KEY, ">", after=receipt.sequence - 1))
    state = await talk.runner()._saver.aget_tuple({"configurable": {"thread_id": talk.KEY}})
    assert len(state.checkpoint["channel_values"]["messages"]) == 8
