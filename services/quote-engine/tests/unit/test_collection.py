"""The collection that comes with Parley, its schema, and errors in a user's own file."""

import json
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # it ships no types

from quote_engine.collection import load_collection
from quote_engine.domain.quotation import CollectionError, Quotation, parse_collection

FOLDER = files("quote_engine.collection")
GOOD = {
    "id": "1",
    "text": "Well begun is half done.",
    "author": "English proverb",
    "language": "en",
    "category": "productivity",
    "themes": ["focus"],
    "emotions": ["neutral"],
    "attribution": "proverb",
}


def test_the_collection_is_large_and_even_enough() -> None:
    usable = [quotation for quotation in load_collection() if quotation.usable]
    assert len(usable) >= 300
    assert min(Counter(quotation.language for quotation in usable).values()) >= 120
    categories = Counter(quotation.category for quotation in usable)
    assert len(categories) == 4
    assert min(categories.values()) >= 60


def test_no_text_stands_in_it_twice() -> None:
    texts = Counter(" ".join(quotation.text.casefold().split()) for quotation in load_collection())
    assert [text for text, count in texts.items() if count > 1] == []


def test_what_is_verified_names_its_source() -> None:
    assert [q.id for q in load_collection() if q.attribution == "verified" and q.source is None] == []


def test_what_is_uncertain_says_why() -> None:
    uncertain = [quotation for quotation in load_collection() if not quotation.usable]
    assert uncertain
    assert all(quotation.note for quotation in uncertain)


@pytest.mark.parametrize(
    "fragment",
    [
        "be the change you",
        "success is not final",
        "insanity is doing",
        "everyone else is already taken",
        "두려워해야 할 것은",
    ],
)
def test_well_known_misattributions_are_not_in_it(fragment: str) -> None:
    assert not any(fragment in quotation.text.casefold() for quotation in load_collection())


def test_every_line_fits_the_schema() -> None:
    validator = Draft202012Validator(json.loads((FOLDER / "quotations.schema.json").read_text("utf-8")))
    for line in (FOLDER / "quotations.jsonl").read_text("utf-8").splitlines():
        validator.validate(json.loads(line))


def test_the_schema_is_that_of_the_model() -> None:
    assert json.loads((FOLDER / "quotations.schema.json").read_text("utf-8")) == Quotation.model_json_schema()


def test_a_users_own_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(GOOD) + "\n\n" + json.dumps(GOOD | {"id": "2"}) + "\n", "utf-8")
    assert [quotation.id for quotation in load_collection(path)] == ["1", "2"]


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ([json.dumps(GOOD), "{"], "mine, line 2: not JSON"),
        ([json.dumps(GOOD | {"category": "joy"})], "mine, line 1, field category"),
        ([json.dumps(GOOD | {"themes": ["focus", "fun"]})], "mine, line 1, field themes.1"),
        ([json.dumps({k: v for k, v in GOOD.items() if k != "author"})], "mine, line 1, field author"),
        ([json.dumps(GOOD | {"autor": "x"})], "mine, line 1, field autor"),
        ([json.dumps(GOOD), json.dumps(GOOD)], "mine, line 2, field id: '1' is used twice"),
        (["[]"], r"mine, line 1, field \(whole line\)"),
        ([], "mine: no quotation"),
        ([json.dumps(GOOD | {"attribution": "uncertain"})], "mine: no quotation"),
    ],
)
def test_errors_name_the_line_and_the_field(lines: list[str], complaint: str) -> None:
    with pytest.raises(CollectionError, match=complaint):
        parse_collection(lines, "mine")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CollectionError, match=r"nothing\.jsonl: can't be read"):
        load_collection(tmp_path / "nothing.jsonl")
