"""A stack that serves the graphs on which the scenarios were recorded."""

import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.integration.langgraph.listener import SECRET, Listener, listening
from tests.packages import are_installed

FOLDER = Path(__file__).parent
SCRIPTS = FOLDER / "js"
GRAPHS = {"lgchat": "chat", "ask": "ask", "fail": "fail", "nest": "nest", "chatx": "chatx"}
OWN_NAMES = {"chat": "lgchat"}
"""Parley has a graph of that name itself."""


@pytest.fixture(scope="session")
def graphs_environment() -> dict[str, str]:
    """What makes a stack serve these graphs."""
    listed = ",".join(f"{name}=recorded_graphs:{attribute}" for name, attribute in GRAPHS.items())
    path = os.pathsep.join(filter(None, (str(FOLDER), os.environ.get("PYTHONPATH"))))
    webhooks = {"PARLEY_WEBHOOK_PRIVATE": "true", "PARLEY_WEBHOOK_SECRET": SECRET}
    return {"PARLEY_GRAPHS": listed, "PYTHONPATH": path, **webhooks}


@pytest.fixture(scope="session")
def langgraph_stack(
    stack_runner: Callable[..., AbstractContextManager[Any]],
    graphs_environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Any]:
    """One stack for all tests that do it no harm."""
    folder = tmp_path_factory.mktemp("langgraph")
    with stack_runner(folder, unused_port, **graphs_environment) as running:
        yield running


@pytest.fixture(scope="session")
def url(langgraph_stack: Any) -> str:
    """Where LangGraph's own clients look."""
    return str(langgraph_stack.url("PARLEY_LANGGRAPH_PORT"))


@pytest.fixture(scope="session")
def node() -> Callable[..., Any]:
    """Runs a script of the official clients, and gives what it prints; they are installed if need be."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    if not are_installed(SCRIPTS):
        pytest.skip("the official clients for JavaScript cannot be installed")

    def run(script: str, *arguments: str) -> Any:
        done = subprocess.run(
            ["node", script, *arguments], cwd=SCRIPTS, capture_output=True, text=True, check=False, timeout=90
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture
async def hook() -> AsyncIterator[Listener]:
    async with listening() as listener:
        yield listener
