"""A message and a talk as they are read: by rules, and by a reader that was trained, where there is one.

The rules know what they list. The trained reader sees the rules' findings and what a sentence means, so it
knows a feeling by circumstances that no list has, and a crisis by other words. Next: `dialogue`.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from contracts.events.quote import Emotion, Language, Mood, Theme
from quote_engine.domain.crisis import find_crisis
from quote_engine.domain.language import composed, language_of, normalise, sentences
from quote_engine.domain.mood import category_for, feelings, themes
from quote_engine.domain.tone import PAINFUL, answers, laughs, tones

CRISIS: Final = 0.8
"""From this probability on the trained reader alone is enough for helplines."""
SECOND: Final = 0.7
"""From this one on, if the user has been asked and has not said no."""
DOUBT: Final = 0.33
"""From this one on the reply asks gently: to miss somebody costs more than to ask."""

_SENTENCES: Final = 12
_CHARACTERS: Final = 960
"""The trained reader sees so many sentences and so many characters of a message, from both of its ends; a
character takes one to three milliseconds of computing."""
_WHOLE: Final = 200
"""A message of several sentences is read as one besides when it has at most so many characters."""
_FAINT: Final = 0.05
_PLAIN: Final = 0.6
"""From this probability on the trained reader takes a sentence for joy or for no feeling at all."""
_AFTER_PAIN: Final = 0.25
"""How much a joy counts that is told after something that hurts: "and then she just smiled"."""
_AFTER_JOY: Final = 0.5
"""How much a pain counts in a glad talk, if no word names it: "she hasn't seen the sea for years"."""
_NAMED: Final = 0.8
"""Words that weigh more than this name a feeling of one's own, which counts whole whatever came before."""


@dataclass(frozen=True, slots=True)
class Clue:
    """A sentence for the trained reader, with what the rules found in it."""

    text: str
    feelings: Mapping[Emotion, float]
    sign: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the trained reader makes of a sentence.

    Attributes:
        crisis: the probability that it tells of a crisis.
        emotions: the probability of every emotion, ``neutral`` included.
    """

    crisis: float
    emotions: Mapping[Emotion, float]


Trained: TypeAlias = Callable[[Sequence[Clue]], Sequence[Verdict]]


@dataclass(frozen=True, slots=True)
class Reading:
    """One message, read.

    Attributes:
        emotions: the weight of every emotion; empty for a neutral message.
        named: the emotions that the user's words name.
        sign: of a crisis, if there is one by the rules.
        doubt: how probable a crisis is, from 0 to 1, by the trained reader.
        plain: the same reader finds joy or no feeling in the very words that it doubts.
        tones: see `tone.tones`.
        answers: see `tone.answers`.
    """

    text: str
    emotions: Mapping[Emotion, float] = field(default_factory=dict)
    themes: Mapping[Theme, float] = field(default_factory=dict)
    named: frozenset[Emotion] = frozenset()
    sign: str | None = None
    doubt: float = 0.0
    plain: bool = False
    tones: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()


def read(text: str, language: Language, trained: Trained | None = None, *, alarm: bool = True) -> Reading:
    """Read one message.

    Args:
        text: as it was sent.
        language: of a message that holds no letters.
        alarm: look for a sign of crisis in the whole of it; not needed in a message that was answered.
    """
    plain = normalise(text)
    told = feelings(plain, language)
    named = frozenset(emotion for emotion, weight in told.items() if weight > _NAMED)
    found = tones(plain)
    blames, worn = "anger" in told, "exhaustion" in told
    if "birthday" in found and told and max(told, key=lambda emotion: told[emotion]) != "joy":
        found -= {"birthday"}  # one that nobody remembered is no feast
    sign = find_crisis(plain) if alarm else None
    doubt, plainly = 0.0, False
    if trained is not None and plain:
        verdicts = trained(_clues(composed(text), plain, language))
        told = _hurting(_felt(verdicts), told) if found & PAINFUL else _laughing(_felt(verdicts), told, plain)
        worst = max(verdicts, key=lambda verdict: verdict.crisis)
        doubt = worst.crisis
        plainly = is_plain(worst)
    if "insult" in found:
        told = _moved(told, "discouragement", "anger")  # who calls the listener useless is angry
    if "boredom" in found and not worn:
        told.pop("exhaustion", None)  # who is bored is not worn out
    if "shame" in found and not blames:
        told = _moved(told, "anger", "discouragement")  # who is ashamed of an own deed blames nobody else
    return Reading(plain, told, themes(plain, language), named, sign, doubt, plainly, found, answers(plain))


def is_plain(verdict: Verdict) -> bool:
    """Whether a sentence shows joy or no feeling at all."""
    return max(verdict.emotions.get("neutral", 0.0), verdict.emotions.get("joy", 0.0)) >= _PLAIN


def mood_of(readings: Sequence[Reading]) -> Mood:
    """The mood of a talk: its strongest emotion and theme, and the category that fits them."""
    emotions: dict[Emotion, float] = defaultdict(float)
    about: dict[Theme, float] = defaultdict(float)
    glad, hurt = False, False
    for reading in readings:
        for felt, weight in reading.emotions.items():
            part = _AFTER_PAIN if hurt and felt == "joy" else _AFTER_JOY if glad and felt != "joy" else 1.0
            emotions[felt] += weight * (1.0 if felt in reading.named else part)
        hurt = hurt or max(reading.emotions, key=lambda e: reading.emotions[e], default="joy") != "joy"
        glad = not hurt and "joy" in emotions
        for told, weight in reading.themes.items():
            about[told] += weight
    emotion: Emotion = max(emotions, key=lambda e: emotions[e], default="neutral")
    theme: Theme = max(about, key=lambda t: about[t], default="general")
    return Mood(
        emotion=emotion,
        theme=theme,
        category=category_for(emotion, theme),
        emotions={e: round(weight, 3) for e, weight in emotions.items()},
        themes={t: round(weight, 3) for t, weight in about.items()},
    )


def read_mood(messages: Sequence[str], language: Language, trained: Trained | None = None) -> Mood:
    """The mood of a talk that consists of these messages."""
    return mood_of([read(message, language, trained) for message in messages])


def clue(text: str, language: Language) -> Clue:
    """A normalised sentence with what the rules find in it."""
    return Clue(text, feelings(text, language_of(text, language)), find_crisis(text) is not None)


def _clues(text: str, plain: str, language: Language) -> list[Clue]:
    parts: list[str] = []
    rest = deque(sentences(text))
    while rest and len(parts) < _SENTENCES and sum(map(len, parts)) < _CHARACTERS:
        parts.append(rest.pop() if len(parts) % 2 else rest.popleft())
    if len(parts) > 1 and len(plain) <= _WHOLE:
        parts.append(plain)
    return [clue(normalise(part), language) for part in parts]


def _hurting(felt: dict[Emotion, float], by_rule: Mapping[Emotion, float]) -> dict[Emotion, float]:
    """What is guessed of a loss or an illness is no joy, if no word of joy is in it."""
    if "joy" not in felt or "joy" in by_rule:
        return felt
    moved = felt.pop("joy")
    return felt | {"sadness": felt.get("sadness", 0.0) + moved}


def _laughing(
    felt: dict[Emotion, float], by_rule: Mapping[Emotion, float], plain: str
) -> dict[Emotion, float]:
    """What is guessed of a message with a laugh in it hurts nobody, if no word of it does."""
    if laughs(plain) and by_rule.keys() <= {"joy"}:
        return {emotion: weight for emotion, weight in felt.items() if emotion == "joy"}
    return felt


def _moved(told: dict[Emotion, float], guessed: Emotion, meant: Emotion) -> dict[Emotion, float]:
    moved = told.pop(guessed, 0.0)
    return told | {meant: told.get(meant, 0.0) + moved} if moved else told


def _felt(verdicts: Sequence[Verdict]) -> dict[Emotion, float]:
    """The emotions of a message's sentences together; none if all of them are neutral."""
    felt: dict[Emotion, float] = defaultdict(float)
    for verdict in verdicts:
        best = max(verdict.emotions, key=lambda e: verdict.emotions[e])
        if best == "neutral":
            continue
        for emotion, probability in verdict.emotions.items():
            if emotion != "neutral" and probability >= _FAINT:
                # What is guessed weighs less in the talk than what is plain.
                felt[emotion] += probability * verdict.emotions[best]
    return dict(felt)
