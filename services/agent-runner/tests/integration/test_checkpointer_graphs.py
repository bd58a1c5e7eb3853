"""Real graphs: what they come to over the log is what they come to in memory, in the next process too."""

import asyncio
import operator
from collections.abc import Sequence
from typing import Annotated, Any, TypedDict
from uuid import uuid4

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage
from langchain_core.runnables import RunnableConfig
from langgraph.channels.delta import DeltaChannel
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Send, interrupt

from agent_runner.engine.checkpointer import CheckpointSettings, LogCheckpointSaver
from contracts.events import CheckpointSaved, ConversationDeleted, Event, WritesSaved
from contracts.events.checkpoint import Items
from eventlog.author import Author
from eventlog.ports import Log

AUTHOR = Author(source="test")
TAKE_SECONDS = 10.0


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    plan: list[dict[str, Any]]
    notes: Annotated[list[str], operator.add]
    said: str
    delta: Annotated[list[str], DeltaChannel(lambda state, writes: sum(writes, state), list[str])]


class Asked(TypedDict, total=False):
    said: str


def saver_over(log: Log, snapshot_after: int = 64) -> LogCheckpointSaver:
    return LogCheckpointSaver(log, AUTHOR, CheckpointSettings(snapshot_after=snapshot_after))


def config_of(conversation: str, **more: Any) -> RunnableConfig:
    return {"configurable": {"thread_id": conversation, **more}}


def planner() -> StateGraph[State]:
    """Plans, changes its plan in place, fans out, asks, answers, in a subgraph as well."""

    def plan(state: State) -> State:
        number = len(state["messages"])
        return {
            "plan": [{"step": step, "status": "open"} for step in range(3)],
            "delta": [f"planned {number}"],
        }

    def execute(state: State) -> State:
        steps = state["plan"]
        steps[0]["status"] = "done"
        return {"plan": steps}

    def worker(state: Any) -> State:
        return {"notes": [f"worked on {state['step']}"], "delta": [f"worker {state['step']}"]}

    def fan_out(state: State) -> list[Send]:
        return [Send("worker", {"step": step["step"]}) for step in state["plan"]]

    def ask(state: Asked) -> Asked:
        return {"said": f"{state.get('said', '')} {interrupt('go on?')}"}

    def answer(state: State) -> State:
        number = len(state["messages"])
        return {"messages": [AIMessage(f"reply {number}", id=f"ai-{number}-{len(state['notes'])}")]}

    inner = StateGraph(Asked)
    inner.add_node("ask", ask)
    inner.add_edge(START, "ask")
    outer = StateGraph(State)
    outer.add_node("plan", plan)
    outer.add_node("execute", execute)
    outer.add_node("worker", worker)
    outer.add_node("inner", inner.compile())
    outer.add_node("answer", answer)
    outer.add_edge(START, "plan")
    outer.add_edge("plan", "execute")
    outer.add_conditional_edges("execute", fan_out, ["worker"])
    outer.add_edge("worker", "inner")
    outer.add_edge("inner", "answer")
    outer.add_edge("answer", END)
    return outer


async def history(saver: BaseCheckpointSaver[str], config: RunnableConfig) -> list[Any]:
    graph = planner().compile(checkpointer=saver)
    return [
        (
            shot.values,
            shot.next,
            shot.metadata and shot.metadata.get("step"),
            [task.name for task in shot.tasks],
        )
        async for shot in graph.aget_state_history(config)
    ]


def turn_of(number: int) -> tuple[Any, Any]:
    """A message, and the answer to the question it leads to."""
    return {"messages": [HumanMessage(f"hello {number}", id=f"h{number}")]}, Command(resume="yes")


async def talk(savers: Sequence[BaseCheckpointSaver[str]], conversation: str, turns: int) -> None:
    """Turns with an interrupt each; every call uses the next saver in turn.

    Synchronous, since a node changes its state in place, which LangGraph may else do before it is stored.
    """
    config, call = config_of(conversation), 0
    for turn in range(turns):
        for given in turn_of(turn):
            graph = planner().compile(checkpointer=savers[call % len(savers)])
            await graph.ainvoke(given, config, durability="sync")
            call += 1


@pytest.mark.parametrize("snapshot_after", [2, 64])
async def test_a_conversation_over_many_processes_is_the_one_in_memory(
    any_log: Log, conversation: str, snapshot_after: int
) -> None:
    memory = InMemorySaver()
    await talk([memory], conversation, 4)
    await talk([saver_over(any_log, snapshot_after) for _ in range(3)], conversation, 4)

    stored = await history(saver_over(any_log), config_of(conversation))

    assert stored == await history(memory, config_of(conversation))
    newest = stored[0][0]
    assert newest["plan"][0]["status"] == "done"
    assert len(newest["delta"]) == 4 * 4
    assert len(newest["messages"]) == 8


async def test_only_what_is_new_in_a_list_is_stored(any_log: Log, conversation: str) -> None:
    await talk([saver_over(any_log)], conversation, 6)

    grown = [
        stored
        async for recorded in any_log.read(conversation, pattern="checkpoint.saved.root")
        if isinstance(recorded.event, CheckpointSaved)
        and isinstance(stored := recorded.event.changed.get("messages"), Items)
    ]

    assert [(items.keep, len(items.items)) for items in grown] == [(n, 1) for n in range(12)]


async def test_a_message_changed_in_place_is_stored_anew(any_log: Log, conversation: str) -> None:
    def change(state: State) -> State:
        first = state["messages"][0]
        first.content = "changed"
        return {"messages": [first]}

    builder = StateGraph(State)
    builder.add_node("change", change)
    builder.add_edge(START, "change")
    saver = saver_over(any_log)
    with saver.staging(conversation) as stage:
        given: Any = {"messages": [HumanMessage("a", id="1"), HumanMessage("b", id="2")]}
        graph = builder.compile(checkpointer=saver)
        await graph.ainvoke(given, config_of(conversation))
        await commit(any_log, saver, conversation, stage.leftovers())

    state = await builder.compile(checkpointer=saver_over(any_log)).aget_state(config_of(conversation))

    assert [message.content for message in state.values["messages"]] == ["changed", "b"]


async def test_update_fork_and_removal(any_log: Log, conversation: str) -> None:
    memory, saver = InMemorySaver(), saver_over(any_log)
    config = config_of(conversation)
    for used in (memory, saver):
        await talk([used], conversation, 2)
        graph = planner().compile(checkpointer=used)
        shots = [shot async for shot in graph.aget_state_history(config)]
        old = next(shot for shot in reversed(shots) if shot.next == ("execute",))
        await graph.ainvoke(None, old.config)
        await graph.ainvoke(Command(resume="again"), config)
        await graph.aupdate_state(config, {"messages": [RemoveMessage("h0")], "notes": ["by hand"]})

    assert await history(saver_over(any_log), config) == await history(memory, config)


async def commit(log: Log, saver: LogCheckpointSaver, conversation: str, events: Sequence[Event]) -> None:
    if events:
        envelopes = [AUTHOR.envelope(conversation, event) for event in events]
        saver.committed(await log.append(envelopes, expected=await log.tail(conversation)))


async def run_staged(log: Log, saver: LogCheckpointSaver, conversation: str, given: Any) -> list[Any]:
    """As a run loop does it: each checkpoint is committed when the graph announces it."""
    committed: list[Any] = []
    graph: Any = planner().compile(checkpointer=saver)
    with saver.staging(conversation, tail=await log.tail(conversation)) as stage:
        stream = graph.astream(
            given, config_of(conversation), stream_mode=["tasks", "checkpoints"], durability="async"
        )
        async for mode, chunk in stream:
            if mode == "checkpoints":
                identity = chunk["config"]["configurable"]["checkpoint_id"]
                await stage.reach(identity, TAKE_SECONDS)
                events = stage.carry()
                await commit(log, saver, conversation, events)
                committed.append(events)
        await commit(log, saver, conversation, stage.leftovers())
    return committed


@pytest.mark.parametrize("keep_saver", [True, False])
async def test_a_staged_run_commits_what_an_unstaged_one_does(
    any_log: Log, conversation: str, keep_saver: bool
) -> None:
    memory, saver = InMemorySaver(), saver_over(any_log, 2)
    await talk([memory], conversation, 5)
    for turn in range(5):
        for given in turn_of(turn):
            saver = saver if keep_saver else saver_over(any_log, 2)
            await run_staged(any_log, saver, conversation, given)

    assert await history(saver_over(any_log), config_of(conversation)) == await history(
        memory, config_of(conversation)
    )
    types = {type(r.event) async for r in any_log.read(conversation)}
    assert types == {CheckpointSaved, WritesSaved}


async def test_what_was_not_committed_never_was(any_log: Log, conversation: str) -> None:
    saver = saver_over(any_log)
    await run_staged(any_log, saver, conversation, {"messages": [HumanMessage("hi", id="h")]})
    before = await history(saver, config_of(conversation))
    graph = planner().compile(checkpointer=saver)
    with saver.staging(conversation):
        await graph.ainvoke(Command(resume="yes"), config_of(conversation))
        assert (await graph.aget_state(config_of(conversation))).next == ()

    assert await history(saver, config_of(conversation)) == before


async def test_a_deleted_conversation_is_empty_and_may_begin_again(any_log: Log, conversation: str) -> None:
    saver, config = saver_over(any_log), config_of(conversation)
    await talk([saver], conversation, 1)
    await commit(any_log, saver, conversation, [ConversationDeleted()])

    assert await saver.aget_tuple(config) is None
    assert await saver_over(any_log).aget_tuple(config) is None
    await talk([saver], conversation, 1)
    memory = InMemorySaver()
    await talk([memory], conversation, 1)
    assert await history(saver_over(any_log), config) == await history(memory, config)


async def test_two_savers_putting_at_once_both_get_in(any_log: Log, conversation: str) -> None:
    one, other = saver_over(any_log), saver_over(any_log)
    await talk([one, other, one], conversation, 3)
    memory = InMemorySaver()
    await talk([memory], conversation, 3)

    assert await history(one, config_of(conversation)) == await history(memory, config_of(conversation))


async def test_a_copy_reads_like_its_original(any_log: Log, conversation: str) -> None:
    await talk([saver_over(any_log, 2)], conversation, 3)
    copy = f"copy {uuid4()}"
    await saver_over(any_log).acopy_thread(conversation, copy)

    original = await history(saver_over(any_log), config_of(conversation))
    assert await history(saver_over(any_log), config_of(copy)) == original


async def test_a_pruned_thread_keeps_its_delta_channels(any_log: Log, conversation: str) -> None:
    saver, config = saver_over(any_log), config_of(conversation)
    await talk([saver], conversation, 2)
    before = await history(saver, config)
    await saver.aprune([conversation])

    assert await history(saver_over(any_log), config) == before[:1]


async def test_the_newest_checkpoint_is_the_last_stored_whatever_its_clock(
    any_log: Log, conversation: str
) -> None:
    saver, config = saver_over(any_log), config_of(conversation, checkpoint_ns="")
    for identity in ("9-fast-clock", "1-slow-clock"):
        checkpoint = {**empty_checkpoint(), "id": identity}
        config = await saver.aput(config, checkpoint, {"source": "loop"}, {})  # type: ignore[arg-type]  # a copy

    newest = await saver_over(any_log).aget_tuple(config_of(conversation))

    assert newest is not None
    assert newest.checkpoint["id"] == "1-slow-clock"
    assert [item.checkpoint["id"] async for item in saver.alist(config_of(conversation))] == [
        "1-slow-clock",
        "9-fast-clock",
    ]


async def test_a_graph_may_be_invoked_synchronously_from_a_thread(any_log: Log, conversation: str) -> None:
    saver, memory, config = saver_over(any_log), InMemorySaver(), config_of(conversation)
    for checkpointer in (saver, memory):
        graph = planner().compile(checkpointer=checkpointer)
        for given in turn_of(0):
            await asyncio.to_thread(graph.invoke, given, config)
    states = [await planner().compile(checkpointer=one).aget_state(config) for one in (saver, memory)]

    assert states[0].values == states[1].values


async def test_what_a_synchronous_call_cannot_wait_for_is_refused(any_log: Log, conversation: str) -> None:
    graph = planner().compile(checkpointer=saver_over(any_log))
    with pytest.raises(RuntimeError, match="await ainvoke"):
        graph.get_state(config_of(conversation))
