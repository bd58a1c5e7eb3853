"""The engine without the agents that come with it."""

import subprocess
import sys
from textwrap import dedent

SCRIPT = dedent(
    """
    import sys

    class Missing:
        def find_spec(self, name, path=None, target=None):
            if name.startswith("agent_runner.agents"):
                raise ModuleNotFoundError(name)

    sys.meta_path.insert(0, Missing())

    import asyncio, importlib, pkgutil
    import agent_runner.engine
    for module in pkgutil.walk_packages(agent_runner.engine.__path__, "agent_runner.engine."):
        importlib.import_module(module.name)

    from langchain_core.messages import AIMessage
    from langgraph.graph import START, MessagesState, StateGraph
    from agent_runner.engine.catalogue import Served
    from agent_runner.engine.ephemeral import run_once

    graph = StateGraph(MessagesState)
    graph.add_node("say", lambda _: {"messages": [AIMessage("hello")]})
    graph.add_edge(START, "say")
    print(asyncio.run(run_once(Served(graph), "hi", 10))[-1].text)
    """
)


def test_the_engine_runs_a_graph_without_the_agents() -> None:
    ran = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60)
    assert ran.stdout.strip() == "hello", ran.stderr
