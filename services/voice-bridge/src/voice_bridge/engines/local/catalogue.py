"""What a user can say to the local engine, and the grammar made of it (JSGF 1.0)."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from voice_bridge.domain.endpointing import Outlook

EVERYDAY: Final = (
    "yes",
    "yes please",
    "no",
    "no thank you",
    "okay",
    "cancel",
    "stop",
    "hello",
    "hi there",
    "good morning",
    "good afternoon",
    "good evening",
    "goodbye",
    "thank you",
    "help",
    "what can you do",
    "who are you",
    "go on",
    "continue",
    "more",
    "next",
    "the next ones",
    "repeat that",
    "say that again",
    "slower",
    "faster",
    "louder",
    "quieter",
    "quiet",
    "be quiet",
    "enough",
    "never mind",
    "wait",
    "yeah",
    "sure",
    "right",
    "that is all",
    "telephone number",
    "phone number",
    "email address",
    "{name}",
)
"""Understood whatever the agent can do."""

CHOICES: Final = frozenset({"go on", "continue", "more", "next", "the next ones"})
"""Of those, what means something only to one who was told a part, as bare numbers and parts of names do."""

_NUMBERS: Final = """
<digit> = one | two | three | four | five | six | seven | eight | nine;
<teen> = ten | eleven | twelve | thirteen | fourteen | fifteen | sixteen | seventeen | eighteen | nineteen;
<tens> = ( twenty | thirty | forty | fifty | sixty | seventy | eighty | ninety ) [ <digit> ];
<below_hundred> = <digit> | <teen> | <tens>;
<year> = ( nineteen | twenty ) ( <teen> | <tens> | oh <digit> );
<number> = zero | <below_hundred> | <year> | <digit> hundred [ <below_hundred> ] | <digit> thousand;
"""

PHONES: Final = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F",
    "G", "HH", "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R",
    "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
"""ARPABET, as pocketsphinx's dictionary uses it."""
NOISE_PREFIX: Final = "_"
"""Begins the words that stand for a single phone of something that is not in the grammar."""

_NOISE: Final = "1e-10"
"""Weight of leaving the grammar, and of each phone outside it; found by trial on five voices."""

_CATALOGUES: Final = 2
"""How many are remembered, the one in force and the one before: turns ask of them again and again."""

_WORD: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_RULE: Final = re.compile(r"<\w+>")
_SLOT: Final = re.compile(r"\{\w+\}")
_NUMBER_WORDS: Final = frozenset(_WORD.findall(_RULE.sub(" ", _NUMBERS)))
_SLOTS: Final = {"{name}": "<name>", "{number}": "<number>", "{year}": "<year>"}


class InvalidCatalogueError(ValueError):
    """A phrase or name that no grammar can be made of."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The agent's commands as spoken phrases.

    Attributes:
        phrases: such as ``get all contacts`` or ``find {name}``; slots are ``{name}``,
            ``{number}`` and ``{year}``.
        names: what ``{name}`` stands for; the parts of a name are understood alone, too.
    """

    phrases: tuple[str, ...]
    names: tuple[str, ...] = ()


Commands: TypeAlias = Callable[[], Awaitable[Catalogue]]
"""Gives the catalogue in force; raises `EngineError` while none is known."""


def words_of(text: str) -> list[str]:
    """The words of a phrase or name as the grammar spells them: lower case, no punctuation."""
    return _WORD.findall(text.lower())


@lru_cache(_CATALOGUES)
def spellings(catalogue: Catalogue) -> Mapping[str, str]:
    """How the words of names are written, by the grammar's spelling."""
    return {word.lower(): word for name in catalogue.names for word in _WORD.findall(name)}


def is_choice(catalogue: Catalogue, words: Sequence[str]) -> bool:
    """Whether it is a bare number, a part of a name or one of `CHOICES`: short, so much sounds like it."""
    if len(words) == 1 and words[0] in spellings(catalogue):
        return True
    return bool(words) and (" ".join(words) in CHOICES or all(word in _NUMBER_WORDS for word in words))


def vocabulary(catalogue: Catalogue) -> set[str]:
    """Every word of the grammar."""
    texts = list(catalogue.names)
    texts += [_SLOT.sub(" ", phrase) for phrase in (*EVERYDAY, *catalogue.phrases)]
    return {word for text in texts for word in words_of(text)} | _NUMBER_WORDS


def outlook(catalogue: Catalogue, words: Sequence[str]) -> Outlook:
    """Whether more can follow these words, and whether it has to; a number may always be longer."""
    if not words:
        return Outlook.UNKNOWN
    names = [name.split() for name in _alternatives(catalogue)]
    ends = {
        end
        for phrase in (*everyday(catalogue), *catalogue.phrases, "{number}")
        for end in _ends(phrase.split(), words, names)
    }
    if not ends:
        return Outlook.UNKNOWN
    if ends == {_WHOLE}:
        return Outlook.COMPLETE
    return Outlook.UNKNOWN if _WHOLE in ends else Outlook.OPEN


def everyday(catalogue: Catalogue) -> tuple[str, ...]:
    """`EVERYDAY`, without what needs names where there are none."""
    return EVERYDAY if catalogue.names else tuple(phrase for phrase in EVERYDAY if "{name}" not in phrase)


_WHOLE, _PART = "whole", "part"


def _ends(parts: Sequence[str], words: Sequence[str], names: Sequence[Sequence[str]]) -> set[str]:
    """How the words can lie in a phrase: be all of it, or its beginning; empty where they do not fit."""
    if not words:
        return {_PART} if parts else {_WHOLE}
    if not parts:
        return set()
    if parts[0] in ("{number}", "{year}"):
        count = next((n for n, word in enumerate(words) if word not in _NUMBER_WORDS), len(words))
        if not count:
            return set()
        # A number that is said last may go on.
        return {_WHOLE, _PART} if count == len(words) else _ends(parts[1:], words[count:], names)
    found: set[str] = set()
    for option in names if parts[0] == "{name}" else [words_of(parts[0])]:
        if len(option) > len(words):
            found |= {_PART} if option[: len(words)] == list(words) else set()
        elif option == list(words[: len(option)]):
            found |= _ends(parts[1:], words[len(option) :], names)
    return found


def grammar(catalogue: Catalogue) -> str:
    """The grammar: one phrase, or a run of phones, which means that nothing was understood.

    Raises:
        InvalidCatalogueError: if a phrase has no words or a ``{name}`` where there are no names.
    """
    names = _alternatives(catalogue)
    said = (*everyday(catalogue), *catalogue.phrases)
    phrases = [f"/{_weight(phrase)}/ {_rule(phrase, bool(names))}" for phrase in said]
    rules = [
        "#JSGF V1.0;\ngrammar commands;",
        _NUMBERS.strip(),
        *([f"<name> = {' | '.join(names)};"] if names else []),
        f"<command> = {' | '.join(phrases)} | /1.0/ <below_hundred>;",
        f"<phone> = {_any_phone()};",
        f"<noise> = /1.0/ <NULL> | /{_NOISE}/ <phone> <noise>;",
        f"public <utterance> = /1.0/ <command> | /{_NOISE}/ <phone> <noise>;",
    ]
    return "\n".join(rules)


def any_phones() -> str:
    """The grammar of any run of phones."""
    return f"#JSGF V1.0;\ngrammar phones;\npublic <run> = ( {_any_phone()} )+;"


def _any_phone() -> str:
    return " | ".join(NOISE_PREFIX + phone.lower() for phone in PHONES)


def _weight(phrase: str) -> str:
    """A name alone is what is left of a command whose beginning was lost more often than it is said so."""
    return "1e-6" if phrase == "{name}" else "1.0"


@lru_cache(_CATALOGUES)
def _alternatives(catalogue: Catalogue) -> tuple[str, ...]:
    alternatives: dict[str, None] = {}
    for name in catalogue.names:
        words = words_of(name)
        if not words:
            raise InvalidCatalogueError(f"name {name!r} has no words")
        alternatives[" ".join(words)] = None
        alternatives |= dict.fromkeys(words)
    return tuple(alternatives)


def _rule(phrase: str, has_names: bool) -> str:
    tokens: list[str] = []
    for part in phrase.split():
        slot = _SLOTS.get(part)
        if slot == "<name>" and not has_names:
            raise InvalidCatalogueError(f"phrase {phrase!r} needs names")
        tokens += [slot] if slot else words_of(part)
    if not tokens:
        raise InvalidCatalogueError(f"phrase {phrase!r} has no words")
    return " ".join(tokens)
