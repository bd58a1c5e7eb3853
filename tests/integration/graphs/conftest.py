"""One stack for the graphs of this folder, whose services may be killed: the supervisor starts them again."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PORTS, Stack

ROOT = Path(__file__).parents[3]
KINDS = "tests.integration.graphs.kinds"
GRAPHS = [
    "agent",
    "thinking",
    "asking",
    "approving",
    "summing",
    "stopping",
    "boss",
    "swarm",
    "supervisor",
    "team",
    "counting",
    "side_by_side",
    "routing",
    "insisting",
    "functional",
    "storing",
    "keeping",
    "ordering",
    "paying",
    "raising",
    "bursting",
    "mailing",
    *(["deep"] if find_spec("deepagents") else []),
    "fan",
    "counted",
    "memory",
    "confiding",
]


@pytest.fixture
def stack_type() -> Callable[[Path, Callable[[], int]], Any]:
    """Makes a `tests.conftest.Stack` that is not started."""

    def made(folder: Path, free_port: Callable[[], int]) -> Any:
        return Stack(folder, {name: free_port() for name in PORTS})

    return made


@pytest.fixture(scope="session")
def kinds_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the graphs of `kinds` write down what they do."""
    return tmp_path_factory.mktemp("kinds")


@pytest.fixture(scope="session")
def model_port(unused_port: Callable[[], int]) -> int:
    """Where the graph `counted` asks its model."""
    return unused_port()


@pytest.fixture(scope="session")
def graphs(
    running: Callable[..., AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
    kinds_folder: Path,
    model_port: int,
) -> Iterator[Any]:
    """`tests.conftest.Stack` with the graphs of `kinds`."""
    settings = {
        "PARLEY_GRAPHS": ", ".join(f"{name}={KINDS}:{name}" for name in GRAPHS),
        "PYTHONPATH": str(ROOT),
        "KINDS_FOLDER": str(kinds_folder),
        "PARLEY_SHOW_ERRORS": "no",
        "COUNTING_MODEL": f"http://127.0.0.1:{model_port}/v1",
    }
    with running(tmp_path_factory.mktemp("graphs"), unused_port, **settings) as stack:
        yield stack
