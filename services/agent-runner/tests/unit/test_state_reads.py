"""A state is read as often as it has to be, however large it is."""

import json
from collections import Counter
from typing import Any

from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.state_queries import States
from agent_runner.engine.thread_states import ThreadReader
from contracts.queries import StateQuery, ThreadStatesQuery
from eventlog.author import Author
from eventlog.turns.inbox import Inbox

LARGE = 10_000_000


def graph() -> Any:
    def reply(state: MessagesState) -> dict[str, Any]:
        return {"messages": [AIMessage("x" * int(state["messages"][-1].text), id="reply")]}

    built = StateGraph(MessagesState)
    built.add_node("reply", reply)
    built.add_edge(START, "reply")
    return built


class Counted:
    """A log, and how often it was asked for what."""

    def __init__(self, log: Any) -> None:
        self._log = log
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.asked[name] += 1
        return getattr(self._log, name)


async def read(runs: Any, size: int) -> Counter[str]:
    """What is asked of the log for a state that has a reply of that size."""
    talk = runs(graph())
    await talk.say(str(size))
    counted = Counted(talk.log)
    log: Any = counted
    author = Author(source="test")
    saver = LogCheckpointSaver(log, author)
    ready = {"graph": talk.graph.on(saver)}
    found = await States(log, author, saver, ready, "graph").state(StateQuery(conversation=talk.KEY))
    assert len(json.loads(found.text)["messages"][-1]["content"]) == size
    reader = ThreadReader(log, author, Inbox(log, author), saver, ready, "graph")
    (state,) = (await reader.states(ThreadStatesQuery(conversation=talk.KEY))).states
    assert len(json.loads(state)["values"]["messages"][-1]["content"]) == size
    return counted.asked


async def test_a_large_state_is_read_as_often_as_a_small_one(runs: Any) -> None:
    assert await read(runs, LARGE) == await read(runs, 10)
