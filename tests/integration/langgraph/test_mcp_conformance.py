"""The official conformance scenarios for servers, as far as they ask for no tools of their own."""

import os
import subprocess
from pathlib import Path

import pytest
from tests.packages import are_installed

FOLDER = Path(__file__).with_name("conformance")
SCENARIOS = ("server-initialize", "ping", "tools-list", "dns-rebinding-protection")


@pytest.fixture(scope="module")
def conformance() -> list[str]:
    """The program with the Node.js that it needs."""
    modules = FOLDER / "node_modules"
    if not are_installed(FOLDER):
        pytest.skip("the conformance scenarios cannot be installed")
    return [str(modules / "node" / "bin" / "node"), str(modules / ".bin" / "conformance")]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario(scenario: str, conformance: list[str], url: str, tmp_path: Path) -> None:
    asked = [*conformance, "server", "--url", f"{url}/mcp", "--scenario", scenario]
    done = subprocess.run(
        asked, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
