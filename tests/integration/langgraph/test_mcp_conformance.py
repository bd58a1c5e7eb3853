"""The official conformance scenarios for servers, as far as they ask for no tools of their own."""

import json
import os
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).with_name("conformance")
NPM_SECONDS = 240
SCENARIOS = ("server-initialize", "ping", "tools-list", "dns-rebinding-protection")


@pytest.fixture(scope="module")
def conformance() -> list[str]:
    """The program with the Node.js that it needs."""
    modules = FOLDER / "node_modules"
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    if not all((modules / name).exists() for name in wanted):
        install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        try:
            failed = subprocess.run(install, cwd=FOLDER, check=False, timeout=NPM_SECONDS).returncode
        except (OSError, subprocess.TimeoutExpired):
            failed = 1
        if failed:
            pytest.skip("the conformance scenarios cannot be installed")
    return [str(modules / "node" / "bin" / "node"), str(modules / ".bin" / "conformance")]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario(scenario: str, conformance: list[str], url: str, tmp_path: Path) -> None:
    asked = [*conformance, "server", "--url", f"{url}/mcp", "--scenario", scenario]
    done = subprocess.run(
        asked, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
