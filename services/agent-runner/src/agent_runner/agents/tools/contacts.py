"""The contacts table, read from `contacts.csv` and kept until the file changes."""

import asyncio
import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import re2
import yaml
from langchain_core.tools import BaseTool

from agent_runner.agents.tools.answering import ToolFailed, tool_of
from agent_runner.agents.tools.folder import DataFolder, Fingerprint, fingerprint
from agent_runner.agents.tools.tables import Unreadable, text_of

_PART: Final = re2.compile(r"[A-Za-z0-9]+|[\p{Hangul}]+")
LONGEST_QUERY: Final = 300
"""Characters that are looked for: each word is compared with every word of the table."""
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

_TITLES: Final = {
    "name": ("full name", "이름", "성명", "성함"),
    "email": ("e-mail", "email address", "e-mail address", "mail", "이메일", "이메일 주소", "메일"),
    "phone": ("phone number", "telephone", "mobile", "전화", "전화번호", "휴대폰", "휴대전화", "연락처"),
    "company": ("organization", "organisation", "employer", "회사", "회사명", "소속"),
    "role": ("title", "job title", "position", "직책", "직위", "직함", "직급"),
    "region": ("city", "location", "지역", "도시"),
}
"""Other titles of the columns, in lower case, by the names that `find_contacts` and the replies know."""


@dataclass(frozen=True, slots=True)
class Person:
    """A row, and the words of it."""

    row: dict[str, str]
    words: tuple[str, ...]

    @classmethod
    def of(cls, row: dict[str, str]) -> "Person":
        """The person in a row of the file."""
        return cls(row, tuple(_words(" ".join(row.values()))))

    def has(self, forms: Collection[str]) -> bool:
        """Whether any form of a word begins a word of the row; Korean ones may be within one."""
        return any(_begins(form, own) for form in forms for own in self.words)

    def sounds_like(self, sounds: Mapping[str, str]) -> bool:
        """Whether a name in the other writing sounds like each word: 에마 카터 is Emma Carter."""
        names = _words(f"{self.row.get('name', '')} {self.row.get('company', '')}")
        own = {(name.isascii(), _sound(name)) for name in names}
        return all(sound and (not word.isascii(), sound) in own for word, sound in sounds.items())


class Contacts:
    """Reads the file again when its size or time of change differs."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder
        self._read: tuple[Fingerprint, list[Person]] | None = None

    def people(self) -> list[Person]:
        """Every contact, in the file's order.

        Raises:
            ToolFailed: if the folder has no contacts file, or one that is no table.
        """
        file = self._folder.contacts
        try:
            mark = fingerprint([file])
            if self._read is None or self._read[0] != mark:
                self._read = (mark, list(map(Person.of, _rows(text_of(file)))))
        except FileNotFoundError:
            raise ToolFailed(f"there is no {file.name} in the data folder") from None
        except csv.Error as error:
            raise ToolFailed(f"{file.name} can't be read as a table: {error}") from error
        except Unreadable as error:
            raise ToolFailed(str(error)) from error
        return self._read[1]

    def names(self) -> list[str]:
        """Whom the file has; nobody where there is none that can be read."""
        try:
            return [person.row["name"] for person in self.people() if person.row.get("name")]
        except ToolFailed:
            return []


def _rows(text: str) -> Iterator[dict[str, str]]:
    """Each row by the names of its columns; what is beyond the last column is left out."""
    header = text.partition("\n")[0]
    table = csv.DictReader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count))
    names = _known(table.fieldnames or ())
    for row in table:
        yield {names[title]: value or "" for title, value in row.items() if title is not None}


def _known(titles: Sequence[str]) -> dict[str, str]:
    """The name of each column: a usual one, the first time that it is told in other words, or its title."""
    names: dict[str, str] = {}
    plain = {title: title.strip().casefold() for title in titles}
    for title, told in plain.items():
        name = told if told in _TITLES else next((n for n, other in _TITLES.items() if told in other), title)
        is_taken = name != told and name in {*plain.values(), *names.values()}
        names[title] = title if is_taken else name
    return names


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

        def find() -> list[dict[str, Any]]:
            people = [
                person
                for person in contacts.people()
                if all(text in (person.row.get(field) or "").casefold() for field, text in asked.items())
            ]
            found = named((query or "")[:LONGEST_QUERY], people, filtered=bool(asked))
            return [dict(person.row) for person in found]

        return await asyncio.to_thread(find)

    return [tool_of(find_contacts)]


def named(query: str, people: Sequence[Person], *, filtered: bool) -> list[Person]:
    """Whom the words of a query mean: who has every one of them, or sounds so, or has all but those that name
    nobody, where something is left to find them by: a word, or that the people are `filtered`."""
    spelt = {word.casefold(): word for word in _PART.findall(query)}
    forms = {word: _synonyms(word) for word in spelt}
    exact = [person for person in people if all(map(person.has, forms.values()))]
    if exact or not spelt:
        return exact
    sounds = {word: _sound(word) for word in spelt}
    if sounding := [person for person in people if person.sounds_like(sounds)]:
        return sounding
    known = {word for word in spelt if any(person.has(forms[word]) for person in people)}
    if any(_may_be_a_name(spelt[word]) for word in spelt.keys() - known) or not (known or filtered):
        return []
    return [person for person in people if all(person.has(forms[word]) for word in known)]


def _may_be_a_name(word: str) -> bool:
    if word.isascii():
        return not word.islower()
    return len(word) == _LENGTH_OF_NAMES and word[0] in _SURNAMES


def _words(text: str) -> list[str]:
    words: list[str] = _PART.findall(text.casefold())
    return words


def _begins(word: str, part: str) -> bool:
    if word.isascii():
        return part == word or (len(word) >= _SHORTEST_BEGINNING and part.startswith(word))
    return part.startswith(word) if len(word) == 1 else word in part


def _synonyms(word: str) -> frozenset[str]:
    """The word itself, its singular, and those of the same meaning."""
    forms = {word, word[:-1]} if word.isascii() and word.endswith("s") and len(word) > 4 else {word}
    return frozenset(forms.union(*(group for group in _groups() if not forms.isdisjoint(group))))


@cache
def _groups() -> tuple[frozenset[str], ...]:
    groups: list[list[str]] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return tuple(map(frozenset, groups))


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
