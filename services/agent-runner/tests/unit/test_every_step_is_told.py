"""Whenever a runner dies, the log has no state without the step that led to it."""

import asyncio
import operator
from collections.abc import Sequence
from itertools import count
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.graph import START, StateGraph

from agent_runner.engine.checkpointer import LogCheckpointSaver, Stage
from agent_runner.engine.durable import durable
from contracts.envelope import Envelope, Recorded
from contracts.events import NodeCompleted, RunCompleted
from eventlog.memory import MemoryLog
from eventlog.turns.refusals import NotRunning

LATE = 20
"""Turns of the event loop that the run loop is behind the graph."""
GIVEN: dict[str, list[str]] = {"done": []}
MODES = {
    "unseen": {"stream_modes": ()},
    "modes": {"stream_modes": ("values", "updates"), "subgraphs": True},
    "events": {"stream_modes": ("events",)},
    "protocol": {"stream": "protocol"},
}


class State(TypedDict, total=False):
    done: Annotated[list[str], operator.add]


@durable
async def pay(amount: int) -> str:
    return f"paid {amount}"


def node(name: str) -> Any:
    async def work(state: State) -> State:
        await asyncio.sleep(0)
        return {"done": [name]}

    return work


async def paying(state: State) -> State:
    return {"done": [await pay(5)]}


def graph() -> StateGraph[State, None, Any, Any]:
    """A line of nodes: one calls what is kept, one is a graph itself, then two at once."""
    within = StateGraph(State)
    within.add_sequence([("deep", node("deep")), ("deeper", paying)])
    within.add_edge(START, "deep")
    built = StateGraph(State)
    built.add_sequence([("first", node("first")), ("paying", paying), ("within", within.compile())])
    built.add_edge(START, "first")
    for name in ("left", "right"):
        built.add_node(name, node(name))
        built.add_edge("within", name)
    built.add_node("last", paying)
    built.add_edge(["left", "right"], "last")
    return built


class Cut(MemoryLog):
    """A log that takes some appends of a run; the next one never comes back."""

    def __init__(self, appends: int) -> None:
        super().__init__()
        self.left = appends
        self.reached = asyncio.Event()

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        if any(hasattr(each.event, "attempt") for each in envelopes):
            if not self.left:
                self.reached.set()
                await asyncio.Event().wait()
            self.left -= 1
        return await super().append(envelopes, expected=expected)


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stage holds is wanted at once, and the run loop is late."""
    reach = Stage.reach

    async def late(stage: Stage, checkpoint_id: str, timeout: float) -> None:
        for _ in range(LATE):
            await asyncio.sleep(0)
        await reach(stage, checkpoint_id, timeout)

    async def again_and_again(stage: Stage) -> None:
        while True:
            await asyncio.sleep(0)
            stage._hurry()

    monkeypatch.setattr(Stage, "reach", late)
    monkeypatch.setattr(Stage, "show", again_and_again)


async def steps_of(talk: Any) -> list[tuple[int, str]]:
    return sorted((event.step, event.node) for event in await talk.events(NodeCompleted))


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("options", MODES.values(), ids=MODES)
async def test_a_runner_that_dies_after_any_append_leaves_no_step_untold(runs: Any, options: Any) -> None:
    whole = runs(graph())
    expected = (await whole.run(await whole.requested(input=GIVEN, **options))).text, await steps_of(whole)
    assert [name for _, name in expected[1]] == ["first", "paying", "within", "left", "right", "last"]

    for appends in range(100):
        cut = Cut(appends)
        talk = runs(graph(), cut)
        work = await talk.requested(input=GIVEN, **options)
        running = asyncio.create_task(talk.runner().answer(work))
        dying = asyncio.create_task(cut.reached.wait())
        await asyncio.wait({running, dying}, return_when=asyncio.FIRST_COMPLETED)
        for task in (running, dying):
            task.cancel()
        await asyncio.wait({running, dying})
        if not cut.reached.is_set():
            assert appends > len(expected[1])
            return
        cut.left = -1
        assert ((await talk.run(work)).text, await steps_of(talk)) == expected, f"after {appends} appends"


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("options", [MODES["unseen"], MODES["modes"]], ids=["unseen", "modes"])
async def test_a_run_that_is_cancelled_at_any_time_has_told_the_steps_of_its_state(
    runs: Any, options: Any
) -> None:
    for turns in count(0, 3):
        talk = runs(graph())
        runner = talk.runner()
        running = asyncio.create_task(runner.answer(await talk.requested(input=GIVEN, **options)))
        for _ in range(turns):
            await asyncio.sleep(0)
        try:
            await talk.inbox.cancel(talk.KEY)
        except NotRunning:
            break
        runner.look(talk.KEY)
        await running
        told = [step for step, _ in await steps_of(talk)]
        saver = LogCheckpointSaver(talk.log, talk.author)
        state = await saver.aget_tuple({"configurable": {"thread_id": talk.KEY}})
        assert max(told, default=0) >= (state.metadata["step"] if state else 0), f"after {turns} turns"
    assert await talk.events(RunCompleted)
