"""What is made of the code is what the code would make now."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docs.generate import api, decisions, events
from tests.docs.blocks import ROOT

from contracts.events import REGISTERED

OPENAPI, WEBSOCKETS, SERVICES = (
    ROOT / "docs" / "api" / name for name in ("openapi.json", "asyncapi.json", "asyncapi-services.json")
)


def test_the_pages_are_current() -> None:
    assert decisions.PAGE.read_text() == decisions.page()
    assert events.PAGE.read_text() == events.page()


def test_the_descriptions_are_current() -> None:
    made = api.written()
    assert made.keys() == {OPENAPI, WEBSOCKETS, SERVICES}
    changed = [path.name for path, text in made.items() if path.read_text() != text]
    assert changed == [], "run make reference"


def test_the_catalogue_has_every_event() -> None:
    page = events.PAGE.read_text()
    assert [
        each.type for each in REGISTERED if f"### `{each.type}` version {each.version}\n" not in page
    ] == []


def test_every_field_of_an_event_has_a_meaning() -> None:
    silent = [
        line for line in events.PAGE.read_text().splitlines() if line.startswith("| `") and "|  |" in line
    ]
    assert silent == [], "say it in the class's docstring, under Attributes"


@pytest.mark.parametrize("path", [OPENAPI, WEBSOCKETS, SERVICES], ids=lambda path: path.name)
def test_every_reference_leads_somewhere(path: Path) -> None:
    described = json.loads(path.read_text())
    assert {each for each in _references(described) if not _leads(described, each)} == set()


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from _references(each)


def _leads(described: Any, reference: str) -> bool:
    for name in reference.removeprefix("#/").split("/"):
        described = described.get(name.replace("~1", "/").replace("~0", "~"))
        if described is None:
            return False
    return True
