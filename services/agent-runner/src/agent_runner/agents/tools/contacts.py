"""The contacts table, read from `contacts.csv` and kept until the file changes."""

import csv
from functools import cache
from pathlib import Path
from typing import Any, Final

import re2
import yaml
from langchain_core.tools import BaseTool

from agent_runner.agents.tools.answering import ToolFailed, tool_of
from agent_runner.agents.tools.folder import DataFolder, Fingerprint, fingerprint

_PART: Final = re2.compile(r"[A-Za-z0-9]+|[\p{Hangul}]+")
_SHORTEST_BEGINNING: Final = 3
_LENGTH_OF_NAMES: Final = 3
_SURNAMES: Final = (
    "김이박최정강조윤장임한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구민진나지엄채"
    "원천방공현함변염여추도소석선설마길연위표명기반왕"
)
"""Frequent Korean surnames of one syllable."""
_FIRST_SYLLABLE, _VOWELS, _FINALS = ord("가"), 21, 28
_INITIALS: Final = (
    "k",
    "k",
    "n",
    "t",
    "t",
    "r",
    "m",
    "p",
    "p",
    "s",
    "s",
    "",
    "j",
    "j",
    "j",
    "k",
    "t",
    "p",
    "h",
)
_CODAS: Final = {4: "n", 8: "r", 16: "m", 17: "p", 21: "n", 1: "k", 19: "s", 7: "t"}
_LATIN: Final = {
    letter: sound
    for sound, letters in zip("ktprsjmn", ("ckgq", "dt", "bfpv", "lr", "szx", "j", "m", "n"), strict=True)
    for letter in letters
}


class Contacts:
    """Reads the file again when its size or time of change differs."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._read: tuple[Fingerprint, list[dict[str, str]]] | None = None

    def rows(self) -> list[dict[str, str]]:
        """Every contact, in the file's order.

        Raises:
            ToolFailed: if the folder has no contacts file.
        """
        try:
            mark = fingerprint([self._folder.contacts])
            if self._read is None or self._read[0] != mark:
                with self._folder.contacts.open(encoding="utf-8-sig", newline="") as file:
                    self._read = (mark, list(csv.DictReader(file)))
        except FileNotFoundError:
            raise ToolFailed(f"there is no {self._folder.contacts.name} in the data folder") from None
        return self._read[1]

    def names(self) -> list[str]:
        """Whom the file has; nobody where there is none."""
        if not self._folder.contacts.exists():
            return []
        return [row["name"] for row in self.rows() if row.get("name")]


def contact_tools(folder: DataFolder) -> list[BaseTool]:
    """`find_contacts` over the folder's contacts."""
    contacts = Contacts(folder)

    async def find_contacts(
        query: str | None = None,
        name: str | None = None,
        company: str | None = None,
        role: str | None = None,
        region: str | None = None,
    ) -> list[dict[str, Any]]:
        """Find people in the contacts table. Without arguments: all contacts.
        `query` keeps the rows of which every word is found in some field, in Korean or English writing; words
        that name nobody are passed over. Each other argument keeps the rows whose field contains it, upper
        and lower case alike."""
        wanted = {"name": name, "company": company, "role": role, "region": region}
        asked = {field: text.casefold() for field, text in wanted.items() if text}
        rows = [
            dict(row)
            for row in contacts.rows()
            if all(text in (row.get(field) or "").casefold() for field, text in asked.items())
        ]
        words = _parts(query or "")
        exact = [row for row in rows if all(_is_in(word, row) for word in words)]
        sounding = [row for row in rows if words and all(_sounds_in(word, row) for word in words)]
        return exact or sounding or _without_idle_words(query or "", rows, filtered=bool(asked))

    return [tool_of(find_contacts)]


def _without_idle_words(query: str, rows: list[dict[str, Any]], *, filtered: bool) -> list[dict[str, Any]]:
    """The rows that have every word but those that name nobody, where something is left to find them by."""
    unknown = [word for word in _PART.findall(query) if not any(_is_in(word.casefold(), row) for row in rows)]
    known = [word for word in _parts(query) if word not in {each.casefold() for each in unknown}]
    if any(map(_may_be_a_name, unknown)) or not (known or filtered):
        return []
    return [row for row in rows if all(_is_in(word, row) for word in known)]


def _may_be_a_name(word: str) -> bool:
    if word.isascii():
        return not word.islower()
    return len(word) == _LENGTH_OF_NAMES and word[0] in _SURNAMES


def _parts(text: str) -> list[str]:
    parts: list[str] = _PART.findall(text.casefold())
    return parts


def _is_in(word: str, row: dict[str, str]) -> bool:
    """Whether a word, or another word for the same, begins a word of the row; Korean ones may be within."""
    fields = [part for value in row.values() for part in _parts(value or "")]
    return any(_begins(each, part) for each in _synonyms(word) for part in fields)


def _begins(word: str, part: str) -> bool:
    if word.isascii():
        return part == word or (len(word) >= _SHORTEST_BEGINNING and part.startswith(word))
    return part.startswith(word) if len(word) == 1 else word in part


@cache
def _synonyms(word: str) -> frozenset[str]:
    """The word itself, its singular, and those of the same meaning."""
    forms = {word, word[:-1]} if word.isascii() and word.endswith("s") and len(word) > 4 else {word}
    groups: list[list[str]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return frozenset(forms.union(*(group for group in groups if forms & set(group))))


def _sounds_in(word: str, row: dict[str, str]) -> bool:
    """Whether a name in the other writing sounds like the word: 에마 카터 is Emma Carter."""
    sound = _sound(word)
    parts = _parts(row.get("name") or "") + _parts(row.get("company") or "")
    return bool(sound) and any(_sound(p) == sound for p in parts if p.isascii() != word.isascii())


def _sound(word: str) -> str:
    """A name's consonants without those that writings differ in; a vowel at the beginning counts."""
    begins = "a" if word[0] in "aeiou" or (not word.isascii() and _initial(word[0]) == "") else ""
    sounds = "".join(_LATIN.get(c, "") if c.isascii() else _syllable(c) for c in word).replace("r", "")
    return begins + "".join(c for n, c in enumerate(sounds) if n == 0 or sounds[n - 1] != c)


def _syllable(character: str) -> str:
    index = ord(character) - _FIRST_SYLLABLE
    return _initial(character) + _CODAS.get(index % _FINALS, "") if 0 <= index < 11_172 else ""


def _initial(character: str) -> str:
    index = ord(character) - _FIRST_SYLLABLE
    initial = _INITIALS[index // (_VOWELS * _FINALS)] if 0 <= index < 11_172 else "?"
    return "" if initial == "h" else initial
