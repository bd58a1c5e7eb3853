"""Runs as LangGraph's API asks for them: what of a state they stream, and where they begin."""

import json
import operator
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, interrupt

from contracts.events import Origin, RunCompleted, RunInterrupted
from contracts.live import FRAME
from contracts.queries import CheckpointIdsQuery, StateUpdate, ThreadStatesQuery, UpdateState


async def frames(talk: Any, work: Any) -> list[tuple[str, Any]]:
    kept = await talk.live.kept(talk.KEY)
    found = [each.data for each in kept if each.kind == FRAME and each.run_id == work.id]
    return [(event, json.loads(data)) for _, event, data in found]


class Asked(TypedDict):
    question: str


class Answered(TypedDict):
    answer: str


class Whole(Asked, Answered):
    secret: str


def graph_with_an_output() -> Any:
    graph = StateGraph(Whole, input_schema=Asked, output_schema=Answered)
    graph.add_node("think", lambda state: {"secret": state["question"][::-1]})
    graph.add_node("say", lambda state: {"answer": state["secret"].upper()})
    return graph.add_edge(START, "think").add_edge("think", "say")


@pytest.mark.parametrize("modes", [("values", "updates"), ("values", "updates", "events")])
async def test_what_is_no_output_of_the_graph_is_not_streamed(runs: Any, modes: tuple[str, ...]) -> None:
    talk = runs(graph_with_an_output())
    work = await talk.requested(input={"question": "abc"}, stream_modes=modes)
    await talk.run(work)
    told = [frame for frame in await frames(talk, work) if frame[0] in ("values", "updates")]
    assert told == [
        ("updates", {"think": None}),
        ("updates", {"say": {"answer": "CBA"}}),
        ("values", {"answer": "CBA"}),
    ]


async def test_messages_of_the_protocol_are_those_that_models_stream(runs: Any) -> None:
    model = GenericFakeChatModel(messages=iter(["streamed"]))

    async def ask(state: MessagesState) -> Any:
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph = StateGraph(MessagesState).add_node("ask", ask)
    graph.add_node("say", lambda _: {"messages": [AIMessage("whole", id="w")]})
    talk = runs(graph.add_edge(START, "ask").add_edge("ask", "say"))
    work = await talk.requested(
        input={"messages": [HumanMessage("hi", id="h").model_dump()]}, stream="protocol"
    )
    await talk.run(work)
    shown = [data["params"]["data"] for event, data in await frames(talk, work) if event == "messages"]
    assert [each["event"] for each in shown] == [
        "message-start",
        "content-block-start",
        "content-block-delta",
        "content-block-finish",
        "message-finish",
    ]


class Log(TypedDict):
    log: Annotated[list[str], operator.add]


def graph_whose_subgraph_asks_twice() -> Any:
    """The subgraph keeps its states, so that a run can begin within it."""
    inner = StateGraph(Log)
    inner.add_node("first", lambda _: {"log": [f"first {interrupt('first?')}"]})
    inner.add_node("second", lambda _: {"log": [f"second {interrupt('second?')}"]})
    inner.add_edge(START, "first").add_edge("first", "second")
    outer = StateGraph(Log).add_node("begin", lambda _: {"log": ["begun"]})
    outer.add_node("inner", inner.compile(checkpointer=True))
    return outer.add_edge(START, "begin").add_edge("begin", "inner")


async def in_process(change: bool) -> Any:
    """The same in memory: a run from the subgraph's checkpoint where its first question was open."""
    graph = graph_whose_subgraph_asks_twice().compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "t"}}
    await graph.ainvoke({"log": []}, config)
    place = (await graph.aget_state(config, subgraphs=True)).tasks[0].state.config
    for answer in "ab":
        await graph.ainvoke(Command(resume=answer), config)
    if change:
        place = await graph.aupdate_state(place, {"log": ["changed"]})
    asked = await graph.ainvoke(None, place)
    for answer in "cd":
        done = await graph.ainvoke(Command(resume=answer), config)
    return [each.value for each in asked["__interrupt__"]], done["log"]


@pytest.mark.parametrize("change", [False, True], ids=["as it was", "changed"])
async def test_a_run_begins_within_a_subgraph(runs: Any, change: bool) -> None:
    talk = runs(graph_whose_subgraph_asks_twice())
    reader = talk.reader()
    await talk.run(await talk.requested(input={"log": []}))
    told = await reader.states(ThreadStatesQuery(conversation=talk.KEY, subgraphs=True))
    inner = json.loads(told.states[0])["tasks"][0]["state"]["checkpoint"]
    place = Origin(checkpoint_id=inner["checkpoint_id"], namespace=inner["checkpoint_ns"])
    for answer in "ab":
        end = await talk.run(await talk.requested(command={"resume": answer}))
    assert isinstance(end, RunCompleted)
    if change:
        done = await reader.update(
            UpdateState(
                conversation=talk.KEY,
                namespace=place.namespace,
                checkpoint_id=place.checkpoint_id,
                supersteps=((StateUpdate(values={"log": ["changed"]}),),),
            )
        )
        assert done.checkpoint_map == inner["checkpoint_map"] | {done.namespace: done.checkpoint_id}
        place = Origin(checkpoint_id=done.checkpoint_id, namespace=done.namespace)

    asked = await talk.run(await talk.requested(origin=place))
    assert isinstance(asked, RunInterrupted)
    for answer in "cd":
        work = await talk.requested(command={"resume": answer}, stream_modes=("values",))
        await talk.run(work)

    values = (await frames(talk, work))[-1][1]
    assert ([each.value for each in asked.questions], values["log"]) == await in_process(change)


async def test_a_history_of_one_checkpoint_is_that_one(runs: Any) -> None:
    talk = runs(graph_with_an_output())
    await talk.run(await talk.requested(input={"question": "abc"}))
    reader = talk.reader()
    every = (await reader.checkpoint_ids(CheckpointIdsQuery(conversation=talk.KEY))).checkpoint_ids
    assert len(every) == 4
    for each, ids in ((every[1], (every[1],)), ("unknown", ())):
        query = CheckpointIdsQuery(conversation=talk.KEY, checkpoint_id=each)
        assert (await reader.checkpoint_ids(query)).checkpoint_ids == ids
