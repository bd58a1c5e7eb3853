"""A spoken answer: pages of a few sentences each, of which one is told at a time. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from voice_bridge.domain.language import Language


@dataclass(frozen=True, slots=True)
class Page:
    """What is said at once.

    Attributes:
        sentences: one to three.
        offer: a question at the end, such as whether to go on; empty for none.
    """

    sentences: tuple[str, ...]
    language: Language
    offer: str = ""

    @property
    def spoken(self) -> tuple[str, ...]:
        """All that is said."""
        return (*self.sentences, self.offer) if self.offer else self.sentences


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it is told.

    Attributes:
        pages: the first is the answer, the others follow when the user wants more.
        written: the whole result, for captions and the history.
        picks: what is said when the user names one of the things that were told.
    """

    pages: tuple[Page, ...]
    written: str
    picks: Mapping[str, Page] = field(default_factory=dict)
