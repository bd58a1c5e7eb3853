"""How a language tells things: its words, its names, and names in pages. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from voice_bridge.domain.answer import Answer, Page
from voice_bridge.domain.language import Language, romanized
from voice_bridge.domain.phrases import phrase

FIRST: Final = 3
"""Names on the first page of a list: what one can keep in mind."""
_NEXT: Final = 4


class Teller:
    """One language's way to say things."""

    def __init__(self, said: str, language: Language) -> None:
        """Answer to what was said."""
        self._said = said.casefold()
        self._language = language

    def say(self, english: str, korean: str) -> str:
        """The one of the language."""
        return korean if self._language == "ko" else english

    def page(self, *sentences: str, offer: str = "") -> Page:
        """The sentences that there are, and what is offered after them."""
        return Page(tuple(filter(None, sentences)), self._language, offer)

    def name(self, text: Any, *, of_person: bool = False) -> str:
        """A name, in letters that a voice of the language reads."""
        return str(text) if self._language == "ko" else romanized(str(text), names=of_person)

    def names(self, all_of_them: Sequence[str]) -> str:
        """Names in a row, the last one joined by a word where the language does so."""
        named = [self.name(each, of_person=True) for each in all_of_them]
        if self._language == "ko" or len(named) == 1:
            return ", ".join(named)
        return ", ".join(named[:-1]) + f" and {named[-1]}"

    def rest(self, names: Sequence[str]) -> list[Page]:
        """Pages of names that follow a first one."""
        pages = []
        for start in range(0, len(names), _NEXT):
            some = names[start : start + _NEXT]
            is_last = start + _NEXT >= len(names)
            which, korean = ("The last", "마지막으로") if is_last else ("Next", "다음은")
            verb = "is" if len(some) == 1 else "are"
            sentence = self.say(f"{which} {verb} {self.names(some)}.", f"{korean} {self.names(some)}입니다.")
            pages.append(self.page(sentence, offer="" if is_last else phrase("go_on", self._language)))
        return pages


def answer(page: Page, written: str, *more: Page, picks: Mapping[str, Page] | None = None) -> Answer:
    """The answer that begins with a page."""
    return Answer((page, *more), written, picks or {})
