"""The console in a real browser: conversations, an approval, the log and the other pages."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROWSER_SECONDS = 140.0
MOST_BYTES = 600_000
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"

pytestmark = pytest.mark.browser


def test_a_person_uses_the_console(stack: Any, chromium: str, node_scripts: Path) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    ended = subprocess.run(
        ["node", str(node_scripts / "console.mjs"), chromium, stack.url(), str(PICTURES)],
        capture_output=True,
        text=True,
        timeout=BROWSER_SECONDS,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    shown = told["shown"]
    assert told["trouble"] == []
    assert [shown[name] for name in ("seriousInChat", "seriousInSystem", "seriousOnPhone")] == [[], [], []]
    assert shown["turnsAtSecondEvent"] == 1
    assert shown["events"] > 10
    assert shown["away"] == 0
    assert shown["bytes"] < MOST_BYTES
