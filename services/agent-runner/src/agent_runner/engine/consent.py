"""Yes or no, in the questions that graphs ask and in what people answer. Linear in a bounded text.

Only what is plain counts: an answer in which every word agrees is a yes, one in which every word refuses is a
no, and all else is neither. The words are in `consent.yaml`.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml

_LONGEST: Final = 200
"""Characters of an answer that are read; a longer one is neither yes nor no."""


@dataclass(frozen=True, slots=True)
class _Lexicon:
    yes: frozenset[str]
    no: frozenset[str]
    beside: frozenset[str]
    open: frozenset[str]
    asking: frozenset[str]
    approval: frozenset[str]
    asking_ends: frozenset[str]
    choice: frozenset[str]


@cache
def _lexicon() -> _Lexicon:
    found = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    listed = {name: words.split() if isinstance(words, str) else words for name, words in found.items()}
    return _Lexicon(**{name: frozenset(words) for name, words in listed.items()})


def verdict(answer: str) -> bool | None:
    """Whether an answer means yes or no; None where it says something else."""
    if len(answer) > _LONGEST:
        return None
    words, lexicon = _words(answer), _lexicon()
    agrees, refuses = (any(word in said for word in words) for said in (lexicon.yes, lexicon.no))
    if agrees == refuses:
        return None
    known = (lexicon.yes if agrees else lexicon.no) | lexicon.beside
    return agrees if all(word in known for word in words) else None


def asks_yes_or_no(question: str) -> bool:
    """Whether the wording plainly asks for a yes or a no, rather than for a text or a choice."""
    lexicon = _lexicon()
    text = question[-_LONGEST:].casefold().replace("\n", ". ").rstrip(" .?!？")
    last = text.rsplit(". ", 1)[-1].rsplit("? ", 1)[-1]
    words = _words(last)
    if not words or any(word in lexicon.open for word in words):
        return False
    if any(sign in last for sign in lexicon.approval):
        return True
    if any(word in lexicon.choice for word in words):
        return False
    return words[0] in lexicon.asking or words[-1].endswith(tuple(lexicon.asking_ends))


def _words(text: str) -> list[str]:
    spaced = "".join(" " if sign in '.,!?;:~·…"“”()[]？！。、\ufe0f' else sign for sign in text.casefold())
    return spaced.replace("’", "'").split()
