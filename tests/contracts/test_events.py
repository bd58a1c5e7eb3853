"""The promise of stored events: what was written once can be read for ever."""

import json
from pathlib import Path

import pytest

from contracts.events import REGISTERED, UPCASTERS, Event
from contracts.registry import Registry, RegistryError, UnknownEvent
from contracts.schemas import schema_files

CONTRACTS = Path(__file__).parents[2] / "libs" / "contracts"
EXAMPLES = sorted((CONTRACTS / "examples").glob("*.json"))


def split(path: Path) -> tuple[str, int]:
    event_type, version = path.stem.rsplit(".v", 1)
    return event_type, int(version)


@pytest.mark.parametrize(("name", "text"), tuple(schema_files()), ids=lambda value: value[:40])
def test_a_schema_changes_only_with_a_new_version(name: str, text: str) -> None:
    stored = CONTRACTS / "schemas" / name
    assert stored.exists(), f"{name} is missing: run python -m contracts.schemas libs/contracts/schemas"
    assert json.loads(stored.read_text()) == json.loads(text), (
        f"the schema of {name} has changed: raise the event's version and add an upcaster"
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_stored_example_is_still_read(path: Path) -> None:
    event_type, version = split(path)
    event = Registry(REGISTERED, UPCASTERS).decode(event_type, version, json.loads(path.read_text()))
    assert event.type == event_type


@pytest.mark.parametrize("event", REGISTERED, ids=lambda event: event.type)
def test_every_version_has_an_example(event: type[Event]) -> None:
    versions = {version for event_type, version in map(split, EXAMPLES) if event_type == event.type}
    assert versions == set(range(1, event.version + 1))


class Moved(Event):
    """An event in its third version."""

    type = "test.moved"
    version = 3

    place: str
    floor: int


MOVES = {
    ("test.moved", 1): lambda old: {"place": old["where"]},
    ("test.moved", 2): lambda old: old | {"floor": 0},
}


def test_old_versions_are_brought_up_one_by_one() -> None:
    registry = Registry([Moved], MOVES)
    assert registry.decode("test.moved", 1, {"where": "Seoul"}) == Moved(place="Seoul", floor=0)
    assert registry.decode("test.moved", 3, {"place": "Busan", "floor": 2}) == Moved(place="Busan", floor=2)


def test_a_missing_upcaster_is_found_at_start() -> None:
    with pytest.raises(RegistryError, match="no upcaster"):
        Registry([Moved], {("test.moved", 1): MOVES["test.moved", 1]})


def test_a_superfluous_upcaster_is_found_at_start() -> None:
    with pytest.raises(RegistryError, match="never was"):
        Registry([Moved], MOVES | {("test.moved", 3): MOVES["test.moved", 2]})


def test_a_type_is_declared_once() -> None:
    with pytest.raises(RegistryError, match="twice"):
        Registry([Moved, Moved], MOVES)


@pytest.mark.parametrize(("event_type", "version"), [("test.gone", 1), ("test.moved", 4), ("test.moved", 0)])
def test_what_is_not_known_is_said(event_type: str, version: int) -> None:
    with pytest.raises(UnknownEvent):
        Registry([Moved], MOVES).decode(event_type, version, {})
