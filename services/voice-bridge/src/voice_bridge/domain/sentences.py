"""Splits a reply that arrives in pieces into sentences, Korean and English, so that each is spoken early."""

import re
from typing import Final

LONGEST: Final = 240
"""Characters after which a sentence is cut at a pause or a space, so that speech never waits long."""

_ABBREVIATIONS: Final = frozenset(
    ("mr.", "mrs.", "ms.", "dr.", "prof.", "st.", "vs.", "inc.", "ltd.", "co.", "e.g.", "i.e.")
)
_END: Final = re.compile(r"""[.!?…。！？]+["'”’)\]」』]*(?=\s)|[。！？]+["'”’)\]」』]*|\n+""")
_PAUSE: Final = re.compile(r"[,;:，、](?=\s)")


class SentenceSplitter:
    """Takes text in pieces and gives back each sentence as soon as it is certain to have ended.

    The sentences, joined, are the text: each keeps the white space after it.
    """

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> list[str]:
        """The sentences that `text` completes."""
        self._rest += text
        sentences = []
        while (end := _end_of_sentence(self._rest)) is not None:
            sentences.append(self._rest[:end])
            self._rest = self._rest[end:]
        return sentences

    def finish(self) -> list[str]:
        """What is left, as a last sentence."""
        rest, self._rest = self._rest, ""
        return [rest] if rest else []


def _end_of_sentence(text: str) -> int | None:
    """Where the first sentence ends, its trailing white space included; None while that is uncertain."""
    for match in _END.finditer(text):
        head = text[: match.end()]
        if head.strip() and not _is_abbreviation(head):
            rest = text[match.end() :]
            return match.end() + len(rest) - len(rest.lstrip())
    return _forced_end(text) if len(text) > LONGEST else None


def _is_abbreviation(text: str) -> bool:
    word = text.rsplit(maxsplit=1)[-1].lower()
    is_initial = len(word) == 2 and word[0].isascii() and word[0].isalpha() and word[1] == "."
    is_list_number = text.strip() == word and word[:-1].isdigit()
    return word in _ABBREVIATIONS or is_initial or is_list_number


def _forced_end(text: str) -> int:
    pauses = [match.end() for match in _PAUSE.finditer(text, 0, LONGEST)]
    if pauses:
        return pauses[-1] + 1
    space = text.rfind(" ", 0, LONGEST)
    return space + 1 if space > 0 else LONGEST


def sentences_of(text: str) -> list[str]:
    """The sentences of a whole text."""
    splitter = SentenceSplitter()
    return splitter.feed(text) + splitter.finish()
