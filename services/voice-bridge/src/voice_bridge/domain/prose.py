"""Any text as it is told: without marks, tables, links and sources, a few sentences at a time.

Read `Spoken` for text that arrives in pieces and `pages_of` for text that is there. Pure.
"""

import re
from typing import Final

from voice_bridge.domain.answer import Page
from voice_bridge.domain.language import Language, composed, language_of, romanized
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.reading import as_read
from voice_bridge.domain.sentences import SentenceSplitter, sentences_of

PAGE_SECONDS: Final = 9.5
"""By ear; the offer at the end takes about one more."""
PAGE_SENTENCES: Final = 3
_LONGEST_SENTENCE: Final = 1000
_LETTERS_A_SECOND: Final[dict[Language, float]] = {"en": 14.0, "ko": 5.6}
"""At the slowest of the built-in voices; in Korean only what is a letter or digit counts."""
_DIGIT_WEIGHT: Final[dict[Language, float]] = {"en": 4.0, "ko": 2.2}
"""A digit is read as a word, and its place often as another."""
_LONGEST_WRITTEN: Final = 200_000
"""Characters of a text that are kept."""
_PAUSE_SECONDS: Final = 0.2
_PAUSES: Final = frozenset(",;:.?!")

_LINK: Final = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()\s]{0,500}(?:\s\"[^\"]{0,200}\")?\)")
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_CODE: Final = re.compile(r"`{1,3}")
_STRONG: Final = re.compile(r"(?<!\w)(\*{1,3}|_{1,3}|~~)(?=\S)|(?<=\S)(\*{1,3}|_{1,3}|~~)(?!\w)")
_LEAD: Final = re.compile(r"^\s{0,8}(?:#{1,6}\s+|>\s?|[-*+•]\s+|\d{1,3}[.)]\s+(?=\D))")
_SOURCE: Final = re.compile(r"^\s{0,8}[(\[]?\s?(?:source|sources|출처|참고|see also)\s?[::]", re.IGNORECASE)
_INLINE_SOURCE: Final = re.compile(
    r"\((?:source|출처)\s?[::][^()]{0,300}\)|\[\d{1,3}\]|【[^】]{0,100}】", re.IGNORECASE
)
_SYMBOLS: Final = re.compile(
    "[\u200b\u200d\u20e3\u2190-\u2193\u2196-\u21ff\u2300-\u25ff\u2600-\u2bff\ufe0f\U0001f000-\U0001faff]"
)
_TABLE_PIPES: Final = 2


def spoken_line(line: str) -> str:
    """One line or sentence without what only the eye reads; empty where nothing is left to say."""
    text = composed(line)[:_LONGEST_SENTENCE]
    bare = text.strip()
    if _SOURCE.match(bare):
        return ""
    text = _LINK.sub(lambda found: found[1], text)
    text = _INLINE_SOURCE.sub(" ", text)
    text = _TAG.sub(" ", text)
    text = _CODE.sub("", text)
    text = _LEAD.sub("", text)
    text = _STRONG.sub("", text)
    text = _SYMBOLS.sub(" ", text).replace(" | ", ", ")
    plain = " ".join(text.split())
    return plain if any(character.isalnum() for character in plain) else ""


def speakable(text: str, language: Language) -> str:
    """A sentence as a voice of the language is given it; may be empty."""
    plain = as_read(spoken_line(text), language)
    return romanized(plain) if language == "en" else plain


def seconds(text: str, language: Language) -> float:
    """About how long a sentence takes by ear."""
    read = speakable(text, language)
    digits = sum(character.isdigit() for character in read)
    letters = sum(character.isalpha() for character in read)
    pauses = sum(character in _PAUSES for character in read)
    if language == "en":
        size: float = len(read) - digits
    else:
        foreign = sum(character.isascii() and character.isalpha() for character in read)
        size = letters - foreign / 2
    spelled = (size + digits * _DIGIT_WEIGHT[language]) / _LETTERS_A_SECOND[language]
    return spelled + pauses * _PAUSE_SECONDS


class Marks:
    """Strips the sentences of one text, which come in order: tables and code go over several of them."""

    def __init__(self) -> None:
        self._in_code = False
        self._in_row = False

    def strip(self, sentence: str) -> str:
        """What of the sentence is said."""
        fences = sentence.count("```")
        was_in_code, self._in_code = self._in_code, self._in_code ^ bool(fences % 2)
        bare = sentence.strip()
        is_row = self._in_row or (bare.startswith("|") and bare.count("|") >= _TABLE_PIPES)
        self._in_row = is_row and not sentence.endswith("\n")
        if was_in_code or fences or is_row:
            return ""
        line = spoken_line(sentence)
        # A heading or a list's item ends with its line, which is not heard.
        return f"{line}." if line and sentence.endswith("\n") and line[-1].isalnum() else line


class Budget:
    """How much of a page is left."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._seconds = 0.0
        self._sentences = 0

    def has_room(self, sentence: str) -> bool:
        """Whether the sentence fits; the first always does."""
        if not self._sentences:
            return True
        fits = self._seconds + seconds(sentence, self._language) <= PAGE_SECONDS
        return fits and self._sentences < PAGE_SENTENCES

    def take(self, sentence: str) -> None:
        """The sentence is said."""
        if spoken_line(sentence):
            self._seconds += seconds(sentence, self._language)
            self._sentences += 1


def pieces_of(sentence: str, language: Language) -> list[str]:
    """The sentence in pieces that each fit a page, cut at pauses or spaces; joined they are the sentence."""
    pieces = []
    rest = sentence
    while seconds(rest, language) > PAGE_SECONDS:
        size = max(1, int(len(rest) * PAGE_SECONDS / seconds(rest, language)))
        cut = max(rest.rfind(", ", 0, size) + 2, rest.rfind("; ", 0, size) + 2)
        if cut < size // 3:
            cut = rest.rfind(" ", 0, size) + 1
        cut = cut if cut > 1 else size
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return [*pieces, rest] if rest else pieces


class Spoken:
    """A text that arrives in pieces, as it is told: its first page at once, and what is left of it later."""

    def __init__(self, default: Language) -> None:
        """`default` is the language of a text with no letters."""
        self._default = default
        self._language: Language | None = None
        self._splitter = SentenceSplitter()
        self._marks = Marks()
        self._budget = Budget(default)
        self._told: list[str] = []
        self._rest: list[str] = []
        self._written: list[str] = []
        self._size = 0

    @property
    def written(self) -> str:
        """The text as it came."""
        return "".join(self._written)

    @property
    def language(self) -> Language:
        """The language of the whole, which its first sentence decides."""
        return self._language or self._default

    def feed(self, text: str) -> list[str]:
        """The sentences that are to be said now."""
        if self._size < _LONGEST_WRITTEN:
            self._written.append(text)
            self._size += len(text)
            return self._take(self._splitter.feed(text))
        return []

    def finish(self) -> list[str]:
        """What is to be said when nothing follows: the last sentences, and an offer if some are left."""
        now = self._take(self._splitter.finish())
        return [*now, phrase("go_on", self.language)] if self._rest else now

    @property
    def page(self) -> Page:
        """What was said."""
        return Page(tuple(self._told), self.language, phrase("go_on", self.language) if self._rest else "")

    @property
    def rest(self) -> list[Page]:
        """What is left."""
        return pages_of(" ".join(self._rest), self.language)

    def _take(self, sentences: list[str]) -> list[str]:
        now = []
        for sentence in sentences:
            line = self._marks.strip(sentence)
            if line and self._language is None:
                self._language = language_of(line, self._default)
                self._budget = Budget(self._language)
            for piece in pieces_of(line, self.language) if line else ():
                if self._rest or not self._budget.has_room(piece):
                    self._rest.append(piece.strip())
                    continue
                self._budget.take(piece)
                self._told.append(piece.strip())
                now.append(piece.strip())
        return now


def pages_of(text: str, language: Language) -> list[Page]:
    """The text in pages; each but the last ends with an offer to go on."""
    marks = Marks()
    sentences = [
        piece
        for sentence in sentences_of(text)
        for piece in pieces_of(marks.strip(sentence), language)
        if piece.strip()
    ]
    pages: list[list[str]] = []
    budget = Budget(language)
    for sentence in sentences:
        if not pages or not budget.has_room(sentence):
            pages.append([])
            budget = Budget(language)
        budget.take(sentence)
        pages[-1].append(sentence.strip())
    offers = [phrase("go_on", language)] * (len(pages) - 1) + [""]
    return [Page(tuple(page), language, offer) for page, offer in zip(pages, offers, strict=False)]
