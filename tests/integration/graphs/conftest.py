"""One stack for the graphs of this folder, whose services may be killed: the supervisor starts them again."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PORTS, Stack

KINDS = Path(__file__).with_name("kinds.py")
GRAPHS = ("memory",)


@pytest.fixture
def stack_type() -> Callable[[Path, Callable[[], int]], Any]:
    """Makes a `tests.conftest.Stack` that is not started."""

    def made(folder: Path, free_port: Callable[[], int]) -> Any:
        return Stack(folder, {name: free_port() for name in PORTS})

    return made


@pytest.fixture(scope="module")
def graphs(
    running: Callable[..., AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Any]:
    """`tests.conftest.Stack` with the graphs of `kinds`."""
    named = ", ".join(f"{name}={KINDS}:{name}" for name in GRAPHS)
    folder = tmp_path_factory.mktemp("graphs")
    with running(folder, unused_port, PARLEY_GRAPHS=named) as stack:
        yield stack
