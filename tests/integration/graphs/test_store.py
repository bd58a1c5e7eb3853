"""The store of graphs on the whole stack: across conversations, killed processes, files and erasure."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import httpx
import pytest

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


@pytest.fixture
def clients(graphs: Any) -> Iterator[dict[str, httpx.Client]]:
    """Clients of the LangGraph API by their users; that without a name has no token."""
    with ExitStack() as opened:
        yield {
            user: opened.enter_context(
                httpx.Client(
                    base_url=graphs.url("PARLEY_LANGGRAPH_PORT"),
                    timeout=60,
                    headers={"Authorization": f"Bearer {graphs.token(user)}"} if user else {},
                )
            )
            for user in ("ann", "ben", "")
        }


def test_what_one_user_confides_no_other_reads(graphs: Any, clients: dict[str, httpx.Client]) -> None:
    space = {"namespace": ["private", "ann"], "key": "said"}
    squatting = {**space, "value": {"text": "put by nobody"}}
    assert clients[""].put("/store/items", json=squatting).status_code == 204

    for user, before in (("ann", "put by nobody"), ("ben", "nothing yet")):
        thread = clients[user].post("/threads", json={}).json()["thread_id"]
        said = {"assistant_id": "confiding", "input": {"messages": [("human", f"secret of {user}")]}}
        ended = clients[user].post(f"/threads/{thread}/runs/wait", json=said).json()
        assert ended["messages"][-1]["content"] == before

    def found(user: str) -> list[list[str]]:
        client = clients[user]
        items = client.post("/store/items/search", json={"namespace_prefix": ["private"]}).json()["items"]
        named = client.post("/store/namespaces", json={"prefix": ["private"]}).json()["namespaces"]
        assert named == [item["namespace"] for item in items]
        return list(named)

    assert {user: found(user) for user in clients} == {
        "ann": [["private", "ann"]],
        "ben": [["private", "ben"]],
        "": [],
    }
    own = clients["ann"].get("/store/items?namespace=private.ann&key=said")
    assert own.json()["value"] == {"text": "secret of ann"}
    for user in ("ben", ""):
        client = clients[user]
        refused = [
            client.get("/store/items?namespace=private.ann&key=said"),
            client.put("/store/items", json=squatting),
            client.request("DELETE", "/store/items", json=space),
        ]
        assert [answer.status_code for answer in refused] == [404] * 3
        key = quote("store//private.ann", safe="")
        for path in (f"/history/{key}", f"/api/sessions/{key}", f"/api/sessions/{key}/history"):
            answer = client.get(f"{graphs.url()}{path}")
            assert answer.status_code in (400, 404, 422)
            assert "secret" not in answer.text
    assert clients["ann"].request("DELETE", "/store/items", json=space).status_code == 204
    assert found("ann") == []
