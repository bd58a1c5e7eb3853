"""The store of graphs on the whole stack: across conversations, killed processes, files and erasure."""

import subprocess
import sys
import time
from typing import Any

import httpx

KEY = "store//talk.memories"


def parley(stack: Any, *arguments: str, text: str = "") -> str:
    """What the command prints; it has to end well."""
    ended = subprocess.run(
        [sys.executable, "-m", "parley", *arguments],
        env=stack._environment(),
        cwd=stack.folder,
        capture_output=True,
        input=text,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def said(stack: Any, text: str) -> str:
    """What the graph answers in a new conversation; asked again while nobody says which there are."""
    url = f"{stack.url('PARLEY_LANGGRAPH_PORT')}/runs/wait"
    question = {"assistant_id": "memory", "input": {"messages": [{"role": "human", "content": text}]}}
    answer = httpx.post(url, json=question, timeout=60)
    until = time.monotonic() + 30
    while answer.status_code == 503 and time.monotonic() < until:
        answer = httpx.post(url, json=question, timeout=60)
    assert answer.status_code == 200, answer.text
    content: str = answer.json()["messages"][-1]["content"]
    return content


def test_what_a_graph_keeps_outlives_conversations_and_processes(graphs: Any) -> None:
    assert said(graphs, "I love green tea.") == "nothing yet"
    assert said(graphs, "My cat is called Nabi.") == "I love green tea."
    graphs.kill("history-store")
    assert set(said(graphs, "What do I like to drink?").split(" | ")) == {
        "I love green tea.",
        "My cat is called Nabi.",
    }
    graphs.kill("agent-runner")
    graphs.kill("history-store")
    assert said(graphs, "Which tea do I love?").startswith("I love green tea.")
    assert "the live rows are those of the log" in parley(graphs, "rebuild", "--verify")
    kept = parley(graphs, "export", "--", KEY)
    parley(graphs, "erase", "--yes", "--", KEY)
    assert said(graphs, "Is there anything?") == "nothing yet"
    parley(graphs, "erase", "--yes", "--", KEY)
    parley(graphs, "import", "-", text=kept)
    assert said(graphs, "Which tea do I love, again?").count(" | ") == 1
    assert "the live rows are those of the log" in parley(graphs, "rebuild", "--verify")
