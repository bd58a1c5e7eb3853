"""The two languages that are spoken: which one a text is in, and Korean names in Latin letters. Pure."""

import unicodedata
from typing import Final, Literal, TypeAlias

Language: TypeAlias = Literal["ko", "en"]

_FIRST: Final = 0xAC00
_LAST: Final = 0xD7A3
_VOWELS: Final = 21
_FINALS: Final = 28
_INITIAL: Final = (
    "g", "kk", "n", "d", "tt", "r", "m", "b", "pp", "s", "ss", "", "j", "jj", "ch", "k", "t", "p", "h",
)  # fmt: skip
_MEDIAL: Final = (
    "a", "ae", "ya", "yae", "eo", "e", "yeo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi",
    "yu", "eu", "ui", "i",
)  # fmt: skip
_FINAL: Final = (
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t",
    "ng", "t", "t", "k", "t", "p", "t",
)  # fmt: skip
_FAMILIES: Final = {
    "김": "Kim", "이": "Lee", "박": "Park", "최": "Choi", "정": "Jung", "강": "Kang", "조": "Cho",
    "윤": "Yoon", "임": "Lim", "오": "Oh", "신": "Shin", "유": "Yoo", "안": "Ahn", "권": "Kwon",
    "황": "Hwang", "송": "Song", "전": "Jeon", "홍": "Hong", "한": "Han", "문": "Moon", "서": "Seo",
    "장": "Jang", "노": "Noh", "하": "Ha", "백": "Baek", "남": "Nam", "심": "Shim", "허": "Heo",
    "배": "Bae", "류": "Ryu", "차": "Cha", "주": "Joo", "우": "Woo", "민": "Min", "고": "Ko",
}  # fmt: skip
"""How families of that name write themselves, where that is not the rule."""
_NAME_SYLLABLES: Final = 3


def composed(text: str) -> str:
    """The text in NFC, in which all that is heard, said and compared is."""
    return unicodedata.normalize("NFC", text)


def is_hangul(character: str) -> bool:
    """Whether it is a composed Korean syllable."""
    return _FIRST <= ord(character) <= _LAST


def language_of(text: str, default: Language = "en") -> Language:
    """The language most of whose letters the text has; `default` where it has none of either."""
    korean = sum(map(is_hangul, text))
    latin = sum(character.isascii() and character.isalpha() for character in text)
    if not korean and not latin:
        return default
    # A syllable is written with two or three Latin letters.
    return "ko" if korean * 2.5 >= latin else "en"


def romanized(text: str, *, names: bool = False) -> str:
    """The text with its Korean words in Latin letters (Revised Romanization).

    Args:
        names: the words are people's names, family first, which many write in a way of their own.
    """
    words: list[str] = []
    run = ""
    for character in text + "\0":
        if is_hangul(character):
            run += character
            continue
        if run:
            words.append(_name(run) if names else _letters(run))
            run = ""
        words.append(character)
    return "".join(words)[:-1]


def _name(run: str) -> str:
    if len(run) == _NAME_SYLLABLES and run[0] in _FAMILIES:
        return f"{_FAMILIES[run[0]]} {_letters(run[1:])}"
    return _letters(run)


def _letters(run: str) -> str:
    letters = []
    for syllable in run:
        code = ord(syllable) - _FIRST
        initial, rest = divmod(code, _VOWELS * _FINALS)
        medial, final = divmod(rest, _FINALS)
        letters.append(_INITIAL[initial] + _MEDIAL[medial] + _FINAL[final])
    return "".join(letters).capitalize()
