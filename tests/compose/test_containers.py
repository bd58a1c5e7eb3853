"""The integration tests' servers run in containers as well as they run as processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 300


@pytest.mark.parametrize(
    ("tests", "chosen"),
    [("tests/integration/eventlog", "r1"), ("services/history-store/tests/integration", "postgres")],
    ids=["NATS", "PostgreSQL"],
)
def test_integration_tests_pass_on_containers(engine: None, tests: str, chosen: str) -> None:
    # The fixtures stop their containers; the reaper's image may not be there.
    variables = {"TEST_CONTAINERS": "1", "TESTCONTAINERS_RYUK_DISABLED": "true"}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", chosen, tests],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, ended.stdout[-8000:]
