"""What a talk knows beyond its turns: the language, what was told last, what is left to tell, how to speak.

Pure. `take` says what an utterance leads to; `told` and `left` keep what was said of an answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from voice_bridge.domain.answer import Page
from voice_bridge.domain.language import Language, composed, language_of
from voice_bridge.domain.phrases import phrase
from voice_bridge.domain.prose import pages_of
from voice_bridge.domain.remarks import Number, Remark, plain, understood

_STEP: Final = 1.2
_SLOWEST, _FASTEST = 0.6, 1.75
_SOFTEST, _LOUDEST = 0.4, 2.5
_PICK_WORDS: Final = 5
"""Who says more words than these asks for more than a thing that was named."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How the voice speaks, each as a factor of its usual way.

    Attributes:
        pace: above 1 is faster.
        gain: above 1 is louder.
    """

    pace: float = 1.0
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Ask:
    """The agent answers this."""

    text: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Say a page; it was found without the agent."""

    page: Page


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing is said."""


Reaction: TypeAlias = Ask | Tell | Silence


@dataclass(slots=True)
class Dialogue:
    """One session's.

    Attributes:
        language: of the talk; None until something was said or a client chose it.
        offered: the last thing said was an offer of ours, so that yes and no are about it.
        asked: the agent's last answer ended with a question, so that yes and no are an answer to that.
    """

    language: Language | None = None
    manner: Manner = field(default_factory=Manner)
    offered: bool = False
    asked: bool = False
    _last: Page | None = None
    _rest: list[Page] = field(default_factory=list)
    _picks: Mapping[str, Page] = field(default_factory=dict)

    @property
    def spoken_language(self) -> Language:
        """The language of the talk, as far as anybody knows."""
        return self.language or "en"

    @property
    def may_choose(self) -> bool:
        """Whether a number, or asking for more, has something to refer to."""
        return self.asked or self.offered or bool(self._rest or self._picks)

    def take(self, text: str) -> Reaction:
        """What follows from what the user said; empty where nothing was understood."""
        text = composed(text).strip()
        if not text:
            return Tell(self._phrase("not_understood"))
        reaction = self._react(text)
        if isinstance(reaction, Tell):
            self.told(reaction.page, rest=self._rest)
        return reaction

    def _react(self, text: str) -> Reaction:
        if self.language is None:
            self.language = language_of(text)
        match understood(text):
            case Number(value):
                return self._number(text, value)
            case Remark() as remark:
                return self._remark(text, remark)
        if page := self._picked(text):
            return Tell(page)
        return Ask(text)

    def told(self, page: Page, *, rest: Sequence[Page] = (), picks: Mapping[str, Page] | None = None) -> None:
        """An answer was begun, of which `rest` is left to tell."""
        self._last, self._rest = page, list(rest)
        if picks is not None:
            self._picks = picks
        self.offered = bool(page.offer)
        self.asked = not page.offer and bool(page.sentences) and page.sentences[-1].rstrip().endswith("?")

    def left(self, sentences: Sequence[str], language: Language) -> None:
        """The user did not hear these sentences of what was told last: they come first when it goes on."""
        text = " ".join(sentence.strip() for sentence in sentences if sentence.strip())
        if text:
            pages = pages_of(text, language)
            last = pages[-1]
            if self._rest and not last.offer:
                pages[-1] = replace(last, offer=phrase("go_on", language))
            self._rest = [*pages, *self._rest]

    def resumed(self) -> Page | None:
        """What was cut off and goes on, since nobody meant to cut it; None where nothing is left."""
        if not self._rest:
            return None
        page = self._rest.pop(0)
        self.told(page, rest=self._rest)
        return page

    def _phrase(self, name: str, **values: object) -> Page:
        language = self.spoken_language
        return Page((phrase(name, language, **values),), language)

    def _remark(self, text: str, remark: Remark) -> Reaction:
        match remark:
            case Remark.STOP:
                self.offered = self.asked = False
                return Silence()
            case Remark.GO_ON:
                return self._go_on()
            case Remark.REPEAT:
                return Tell(self._last or self._phrase("nothing_said"))
            case Remark.SLOWER | Remark.FASTER | Remark.LOUDER | Remark.QUIETER:
                return self._change(remark)
            case Remark.YES | Remark.NO if self.asked:
                return Ask(text)
            case Remark.YES if self.offered and self._rest:
                return self._go_on()
            case Remark.YES:
                return Tell(self._phrase("what_then"))
            case Remark.NO:
                self._rest, self.offered = [], False
                return Tell(self._phrase("all_right"))
            case Remark.THANKS:
                return Tell(self._phrase("welcome"))
            case Remark.GOODBYE:
                return Tell(self._phrase("goodbye"))

    def _go_on(self) -> Reaction:
        if not self._rest:
            return Tell(self._phrase("nothing_more"))
        return Tell(self._rest.pop(0))

    def _change(self, remark: Remark) -> Reaction:
        manner = self.manner
        match remark:
            case Remark.SLOWER:
                manner = replace(manner, pace=max(_SLOWEST, manner.pace / _STEP))
            case Remark.FASTER:
                manner = replace(manner, pace=min(_FASTEST, manner.pace * _STEP))
            case Remark.LOUDER:
                manner = replace(manner, gain=min(_LOUDEST, manner.gain * _STEP**2))
            case _:
                manner = replace(manner, gain=max(_SOFTEST, manner.gain / _STEP**2))
        self.manner = manner
        said, last = self._phrase(remark.value), self._last
        if last is None or last.language != said.language:
            return Tell(said)
        # A second "slower" repeats what was said before the first.
        told = tuple(each for each in last.sentences if each not in said.sentences)
        return Tell(replace(last, sentences=(*said.sentences, *told)))

    def _number(self, text: str, value: int) -> Reaction:
        if self.asked:
            return Ask(text)
        pages = list(dict.fromkeys(self._picks.values()))
        if pages and 1 <= value <= len(pages):
            return Tell(pages[value - 1])
        return Tell(self._phrase("number", number=value))

    def _picked(self, text: str) -> Page | None:
        """What is known of the one thing that was named; None where it is none or several."""
        words = f" {plain(text)} "
        found = {page for name, page in self._picks.items() if f" {plain(name)} " in words}
        if not found and len(words.split()) <= 3:
            parts = set(words.split())
            found = {page for name, page in self._picks.items() if parts & set(plain(name).split())}
        is_alone = len(words.split()) <= _PICK_WORDS
        return found.pop() if len(found) == 1 and is_alone else None
