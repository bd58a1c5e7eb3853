"""One stack for the graphs of this folder, whose services may be killed: the supervisor starts them again."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

KINDS = Path(__file__).with_name("kinds.py")
GRAPHS = ("memory",)


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
