"""Long texts as what has changed: exact whatever they are, and small where little is new."""

import json
import random
from typing import Any

import pytest

from eventlog.turns.patches import chain_of, difference, patched


def told(old: Any, new: Any) -> int:
    """How many characters of the new value, as JSON, are told and not copied; it comes back as it was."""
    before, after = (json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in (old, new))
    parts = difference(before, after)
    assert patched(before, json.loads(json.dumps(parts))) == after
    return sum(len(part) for part in parts)


def said(number: int) -> dict[str, Any]:
    return {"type": "human", "content": f"말 {number} {number * 7919 % 1000 / 7}", "id": f"id-{number}"}


@pytest.mark.parametrize("seed", range(300))
def test_any_text_comes_back_as_it_was(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - any texts will do
    alphabet = chance.choice(["ab", "abcdefgh,{}[]", '가나다😀\n\\"', '{"a":1},'])
    pieces = ["".join(chance.choices(alphabet, k=chance.randint(0, 90))) for _ in range(12)]
    old = "".join(chance.choices(pieces, k=chance.randint(0, 20)))
    new = "".join(chance.choices(pieces, k=chance.randint(0, 20)))
    assert patched(old, difference(old, new)) == new


def test_what_grows_at_its_end_is_told_once() -> None:
    messages = [said(number) for number in range(500)]
    assert told({"messages": messages}, {"messages": [*messages, said(500)]}) < 120


@pytest.mark.parametrize("numbers", [range(1000), [n * 7919 % 1000 / 7 for n in range(1000)]])
def test_several_lists_that_grow_are_told_once(numbers: Any) -> None:
    lists = {
        "messages": [said(n) for n in range(200)],
        "steps": list(numbers),
        "log": [f"s{n}" for n in numbers],
    }
    longer = {name: [*items, items[0]] for name, items in lists.items()}
    assert told(lists, longer) < 400


def test_what_is_left_out_or_moved_is_copied() -> None:
    messages = [said(number) for number in range(300)]
    assert told({"messages": messages}, {"messages": [*messages[10:], said(300)]}) < 250
    assert told({"a": messages, "b": 1}, {"b": 2, "a": messages[100:] + messages[:100]}) < 300


def test_a_large_text_that_is_all_new_is_told_as_it_is() -> None:
    chance = random.Random(1)  # noqa: S311 - any texts will do
    old, new = ("".join(chance.choices("abcdefghijklmnop", k=400_000)) for _ in range(2))
    assert difference(old, new)[-1] == new[len(new) - len(difference(old, new)[-1]) :]
    assert patched(old, difference(old, new)) == new


def test_frames_of_the_same_place_are_compared() -> None:
    assert (
        chain_of("values|node:8b7e|inner:1", "{}")
        == chain_of("values|node:0c|inner:2", "{}")
        == "values|node|inner"
    )
    assert chain_of("values", '{"type":"event","x":1}') != chain_of("values", "{}")
