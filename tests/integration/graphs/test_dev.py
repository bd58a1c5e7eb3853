"""``parley dev``: the graph's file is edited while a run is in progress."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

GRAPH = """
import asyncio
from pathlib import Path

from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

async def first(state):
    Path("reached").touch()
    return {"messages": [AIMessage("one of VERSION")]}

async def second(state):
    while "wait" in state["messages"][0].content and not Path("open").exists():
        await asyncio.sleep(0.02)
    return {"messages": [AIMessage("two of VERSION")]}

graph = StateGraph(MessagesState).add_node(first).add_node(second)
graph = graph.add_edge(START, "first").add_edge("first", "second").compile()
"""


def until(holds: Callable[[], bool], seconds: float = 40) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)  # a file has no other way to tell


class Dev:
    """The stack as ``parley dev`` runs it."""

    def __init__(self, folder: Path, stack: Any) -> None:
        self.folder = folder
        self.stack = stack

    def said(self, text: str) -> list[str]:
        body = {"assistant_id": "own", "input": {"messages": [{"role": "human", "content": text}]}}
        url = f"{self.stack.url('PARLEY_LANGGRAPH_PORT')}/runs/wait"
        answer = httpx.post(url, json=body, timeout=60)
        end = time.monotonic() + 40
        while answer.status_code == 503 and time.monotonic() < end:
            answer = httpx.post(url, json=body, timeout=60)
        return [message["content"] for message in answer.json()["messages"][1:]]

    def write(self, version: str, more: str = "") -> None:
        (self.folder / "own.py").write_text(GRAPH.replace("VERSION", version) + more)


@pytest.fixture
def dev(tmp_path: Path, stack_type: Any, unused_port: Callable[[], int]) -> Iterator[Dev]:
    """A project that is served; it has to end well."""
    folder = tmp_path / "project"
    folder.mkdir()
    project = {"dependencies": ["."], "graphs": {"own": "./own.py:graph"}}
    (folder / "langgraph.json").write_text(json.dumps(project))
    stack = stack_type(folder, unused_port)
    served = Dev(folder, stack)
    served.write("v1")
    with (folder / "stack.log").open("ab") as output:
        stack.process = subprocess.Popen(
            [sys.executable, "-m", "parley", "dev", "--config", "langgraph.json"],
            env=stack._environment(),
            cwd=folder,
            stdout=output,
            stderr=output,
        )
    try:
        asyncio.run(stack._ready(stack.process))
        yield served
    finally:
        assert stack.stop() == 0


def test_runs_go_on_and_a_syntax_error_waits(dev: Dev) -> None:
    assert dev.said("hello") == ["one of v1", "two of v1"]
    (dev.folder / "reached").unlink()
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(dev.said, "wait")
        until((dev.folder / "reached").exists)
        dev.write("v2")
        until(lambda: "own.py changed; starting again" in dev.stack.log())
        (dev.folder / "open").touch()
        assert running.result() == ["one of v1", "two of v2"]
    dev.write("v3", "def broken(:\n")
    until(lambda: "SyntaxError" in dev.stack.log())
    assert dev.stack.process.poll() is None
    dev.write("v4")
    until(lambda: dev.stack.log().count("own.py changed") >= 3)
    assert dev.said("hello") == ["one of v4", "two of v4"]
    assert dev.stack.log().count("SyntaxError") == 1
