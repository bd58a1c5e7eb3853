"""What words say: of a feeling, a theme, a crisis, and of how to answer. Data files, read once.

The notation of phrases is in `domain.patterns`; weights are 1 for a plain word, more for one that leaves no
doubt, less for a hint that another word outweighs. `schema` is what the files must be.
"""

from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field

from contracts.events.quote import Emotion, Language, Theme

Weight = Annotated[float, Field(gt=0, le=3)]
Phrase = Annotated[str, Field(min_length=1, max_length=160)]
Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]
Expression = Annotated[str, Field(min_length=1, max_length=600)]
Phrased = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=900)], ...], Field(min_length=1)]
Level: TypeAlias = Literal[1, 2, 3]
Stage: TypeAlias = Literal[1, 2, 3, 4]
Tone: TypeAlias = Literal[
    "grief", "breakup", "shame", "failure", "illness", "birthday", "boredom", "insult", "machine", "thanks"
]
Answer: TypeAlias = Literal["yes", "no", "fine"]


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Feeling(_File):
    """Phrases that name a feeling, or tell what brings it."""

    emotion: Emotion
    weight: Weight
    phrases: Phrases


class Subject(_File):
    """Phrases that show what a message is about."""

    theme: Theme
    weight: Weight
    phrases: Phrases


class Negation(_File):
    """Regular expressions for what turns a feeling round.

    Attributes:
        before: stands before what it turns.
        after: stands after it; in Korean only.
        seeming: looks like one and is none.
    """

    before: Expression
    after: Expression | None = None
    seeming: Expression | None = None


class Words(_File):
    """The words of one language.

    Attributes:
        strong: words that make a feeling stronger; `weak` weaker.
        sarcasm: turns of speech that mean the opposite of what they say.
        turn: a regular expression; what follows it weighs more than what came before it.
        tones: what else decides on the reply and the quotation.
        answers: to the question whether somebody is in a crisis: how a yes and a no begin, and
            what says anywhere in a message that all is well.
        topics: what people talk about, and how a reply names it.
    """

    feelings: tuple[Feeling, ...]
    circumstances: tuple[Feeling, ...]
    themes: tuple[Subject, ...]
    strong: Phrases
    weak: Phrases
    sarcasm: Phrases
    turn: Expression
    negation: Negation
    tones: dict[Tone, Phrases]
    answers: dict[Answer, Phrases]
    topics: dict[Phrase, Phrase]


class MarkedFeeling(_File):
    """Emoji, emoticons and jamo that show a feeling."""

    emotion: Emotion
    weight: Weight
    marks: Phrases


class Marks(_File):
    """Marks mean the same in every language."""

    feelings: tuple[MarkedFeeling, ...]


class Sign(_File):
    """Regular expressions over normalised text that show a crisis.

    Attributes:
        level: 1 for not wanting to live, 2 for wanting to die, 3 for harm, means or a plan.
        unless: expressions that show that the same piece of text speaks of something else.
    """

    sign: str
    language: Language
    level: Level
    patterns: Annotated[tuple[Expression, ...], Field(min_length=1)]
    unless: tuple[Expression, ...] = ()


class Means(_File):
    """Regular expressions for things and places to die by, which after a crisis are a sign by themselves.

    Attributes:
        unless: show that somebody has put them away, or has left.
    """

    patterns: Annotated[tuple[Expression, ...], Field(min_length=1)]
    unless: tuple[Expression, ...]


class Crisis(_File):
    """Signs; what only sounds like one, which is taken out before; and means, which count after a sign."""

    harmless: tuple[Expression, ...]
    means: Means
    signs: tuple[Sign, ...]


class Sentences(_File):
    """What replies are made of, in one language; `{topic}` stands for what the user talks about.

    Attributes:
        opening: the shape of stage one, with `{said}` for a name of what the user said.
        said: that name by tone, with a topic; `said_alone` without one.
        heard: for stage two: what shows that the user was heard, by tone; `asks` the question after it.
        stayed: the same for stage three; `needs` the question, by tone, `needs_by_theme` otherwise.
        comfort: the text of stage four.
        careful: replies after a crisis, by stage.
        worried: the gentle question of somebody who is not sure.
        crisis: the answer to words of crisis; `worse` when it gets worse; `again` otherwise.
        comfort_careful: what stage four adds after a crisis.
    """

    opening: str
    said: dict[str, str]
    said_alone: dict[str, str]
    heard: dict[str, Phrased]
    asks: dict[str, Phrased]
    stayed: dict[str, Phrased]
    needs: dict[str, Phrased]
    needs_by_theme: dict[Theme, str]
    comfort: str
    comfort_careful: Phrased
    careful: dict[Literal[1, 2, 3], Phrased]
    worried: dict[Stage, str]
    crisis: str
    worse: Phrased
    again: Phrased


class Replies(_File):
    """The replies in every language."""

    ko: Sentences
    en: Sentences

    def of(self, language: Language) -> Sentences:
        """Those of one language."""
        return self.ko if language == "ko" else self.en


FILES: Final[dict[str, type[_File]]] = {
    "korean": Words,
    "english": Words,
    "marks": Marks,
    "crisis": Crisis,
    "replies": Replies,
}
M = TypeVar("M", bound=_File)


def raw(name: str) -> Any:
    """A file as it is."""
    return yaml.load((files(__package__) / f"{name}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)


def _read(name: str, kind: type[M]) -> M:
    return kind.model_validate(raw(name))


@cache
def words(language: Language) -> Words:
    """The words of one language."""
    return _read("korean" if language == "ko" else "english", Words)


@cache
def marks() -> Marks:
    """Emoji and the like."""
    return _read("marks", Marks)


@cache
def crisis() -> Crisis:
    """Signs of a crisis."""
    return _read("crisis", Crisis)


@cache
def replies() -> Replies:
    """What replies are made of."""
    return _read("replies", Replies)


def schema() -> dict[str, Any]:
    """The JSON Schema of every file, by its name."""
    return {name: kind.model_json_schema() for name, kind in FILES.items()}
