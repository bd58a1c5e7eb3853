"""The documentation's pages work in a real browser under the policy that confines them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

BROWSER_SECONDS = 90.0
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
DOCS = Path(__file__).parents[2] / "docs"

LOGO = "img-src https://cdn.redoc.ly/redoc/logo-mini.svg"
"""ReDoc asks for it in vain, and does without it."""

pytestmark = pytest.mark.browser


def test_the_documentation_works_under_its_policy(stack: Any, chromium: str, node_scripts: Path) -> None:
    pages = {"/docs": ".opblock", "/redoc": "[data-section-id]"}
    ended = subprocess.run(
        ["node", str(node_scripts / "open_pages.mjs"), chromium, stack.url(), *sum(pages.items(), ())],
        capture_output=True,
        text=True,
        timeout=BROWSER_SECONDS,
    )
    assert ended.returncode == 0, ended.stderr
    shown = {page.pop("path"): page for page in json.loads(ended.stdout)}
    whole = {"elsewhere": [], "shown": True}
    assert shown == {"/docs": whole | {"refused": []}, "/redoc": whole | {"refused": [LOGO]}}


def test_the_guide_and_the_description_of_the_web_sockets(
    stack: Any, chromium: str, node_scripts: Path
) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    ended = subprocess.run(
        ["node", str(node_scripts / "guide.mjs"), chromium, stack.url(), str(PICTURES)],
        capture_output=True,
        text=True,
        timeout=BROWSER_SECONDS,
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    pages = len(list(DOCS.rglob("*.md")))
    assert told == {
        "shown": {
            "found": "#protocols/quote.md",
            "serious": [],
            "broken": [],
            "pages": pages,
            "seriousInAsyncApi": [],
        },
        "trouble": [],
    }
