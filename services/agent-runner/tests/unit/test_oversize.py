"""What is too large for the log fails its run once, and says what it was."""

from collections.abc import Callable, Sequence
from operator import add
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

from contracts.envelope import Envelope, Recorded
from contracts.events import MessageReceived, NodeCompleted, RunCompleted, RunFailed, RunStarted
from eventlog.memory import MemoryLog
from eventlog.ports import TooLarge
from eventlog.turns.inbox import Inbox

ROOM = 20_000


class NarrowLog(MemoryLog):
    """A log that takes no large events."""

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        for envelope in envelopes:
            if (size := len(envelope.event.model_dump_json())) > ROOM:
                raise TooLarge(f"an event of {size} bytes exceeds {ROOM}")
        return await super().append(envelopes, expected=expected)


class State(MessagesState):
    """What is collected beside the messages."""

    found: Annotated[list[str], add]


def large(state: Any) -> dict[str, Any]:
    said = [message.text for message in state["messages"] if message.type == "human"]
    return {"found": ["x" * ROOM if said[-1] == "large" else "x"]}


def small(_: Any) -> dict[str, Any]:
    return {"messages": [AIMessage("here")]}


def in_line() -> Any:
    graph: Any = StateGraph(State)
    graph.add_node("first", small)
    graph.add_node("search", large)
    return graph.add_edge(START, "first").add_edge("first", "search")


def side_by_side() -> Any:
    graph: Any = StateGraph(State)
    graph.add_node("first", small)
    graph.add_node("search", large)
    return graph.add_edge(START, "first").add_edge(START, "search")


def narrow(talk: Any) -> Any:
    """The same runs over a log that takes no large events."""
    talk.log = NarrowLog()
    talk.inbox = Inbox(talk.log, talk.author)
    return talk


@pytest.mark.parametrize("build", [in_line, side_by_side])
async def test_a_node_is_named_with_its_key(runs: Any, build: Callable[[], Any]) -> None:
    talk = narrow(runs(build()))
    runner = talk.runner()
    begun = await talk.run(await talk.receive("small"), runner)
    assert isinstance(begun, RunCompleted)
    end = await talk.run(await talk.receive("large"), runner)
    assert isinstance(end, RunFailed)
    assert end.error.startswith("node 'search': 'found' is too large: the log takes 64 MiB")
    assert (end.code, end.attempt) == ("TooLarge", 1)
    again = await talk.run(await talk.receive("small again"), runner)
    assert isinstance(again, RunCompleted)
    assert isinstance(await talk.say("and another runner"), RunCompleted)
    assert len(await talk.events(RunStarted)) == len(await talk.events(MessageReceived)) == 4
    assert "search" in {event.node for event in await talk.events(NodeCompleted)}
