"""Keys become subjects and come back, whatever is in them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import subjects

PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=128)
TOKEN = re.compile(r"[A-Za-z0-9_=-]+")


@given(PRINTABLE)
def test_any_printable_key_comes_back(key: str) -> None:
    token = subjects.encode_key(key)
    assert TOKEN.fullmatch(token)
    assert subjects.decode_key(token) == key
    assert subjects.key_of(subjects.event(key, "run.started")) == key
    assert subjects.key_of(subjects.live(key)) == key


@given(PRINTABLE, PRINTABLE)
def test_different_keys_have_different_subjects(one: str, other: str) -> None:
    assert (subjects.conversation(one) == subjects.conversation(other)) == (one == other)


@pytest.mark.parametrize("key", ["می\u200cخواهم", "👨\u200d👩\u200d👧"])
def test_joiners_are_part_of_a_key(key: str) -> None:
    assert subjects.check_key(key) == key
    assert subjects.decode_key(subjects.encode_key(key)) == key
    assert subjects.encode_key(key) != subjects.encode_key(key.replace("\u200c", "").replace("\u200d", ""))


def test_bytes_that_are_no_text_are_no_key() -> None:
    """They would all be read as the same."""
    with pytest.raises(subjects.InvalidKey, match="UTF-8"):
        subjects.check_key(b"a\xff".decode(errors="replace"))


def test_a_key_keeps_its_subject_for_ever() -> None:
    assert subjects.conversation("abc") == "conv.0d.abc.>"
    assert subjects.conversation("대화 1") == "conv.e2.=64yA7ZmUIDE.>"


@pytest.mark.parametrize(
    ("key", "reason"), [("", "empty"), ("x" * 129, "128"), ("a\nb", "printable"), ("\ud800", "printable")]
)
def test_what_is_no_key_is_refused(key: str, reason: str) -> None:
    with pytest.raises(subjects.InvalidKey, match=reason):
        subjects.encode_key(key)
