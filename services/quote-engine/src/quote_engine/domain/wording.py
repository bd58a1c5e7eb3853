"""The sentences of a reply, chosen from `words.replies`.

Stages have lists of their own, so a talk of four stages never says a sentence twice. What the user said is
named and not repeated. Conversations differ, and the same talk gets the same words again.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.events.quote import Emotion, Language, Mood, Theme
from quote_engine import words
from quote_engine.domain.reading import Reading
from quote_engine.domain.tone import tone_of, topic_of

MIXED: Final = "mixed"
OTHERWISE: Final = "otherwise"
_MIXED: Final = 0.75
"""Two emotions are mixed when the weaker has at least this part of the stronger one's weight."""
_GLAD: Final = 0.5
"""From this weight on joy is no mere guess."""
_FELT: Final = 0.25
"""From this one on any other emotion is none, in a talk of one message; half as much more for each other."""
_SENTENCE: Final = re.compile(r"(?<=[.!?]) ")


@dataclass(frozen=True, slots=True)
class Turn:
    """What varies the words: no two conversations alike, and no talk like the one before it.

    Attributes:
        talks: how many the conversation has had.
    """

    conversation: str
    talks: int


def ordinary(
    stage: words.Stage, now: Reading, mood: Mood, tones: frozenset[str], language: Language, turn: Turn
) -> str:
    """The reply of a stage in a talk that nothing worries about.

    Args:
        now: the message to answer.
        mood: of the whole talk, as `tones`.
    """
    emotion = felt(mood, stage)
    if stage == 1:
        tone = tone_of(now.tones, emotion)
        return opening(said(tone, emotion, topic_of(now.text, language), language), language)
    tone = tone_of(tones, emotion)
    if stage == 2:
        return second(tone, _mixed(mood), language, turn)
    if stage == 3:
        return third(tone, mood.theme, language, turn)
    return comfort(language)


def felt(mood: Mood, stage: words.Stage) -> Emotion:
    """What a talk of so many messages feels; nobody is congratulated or pitied on a mere guess."""
    least = _GLAD if mood.emotion == "joy" else _FELT * (1 + stage) / 2
    plain = mood.found_by == "model" or mood.emotions.get(mood.emotion, 0.0) >= least
    return mood.emotion if plain else "neutral"


def opening(said: str, language: Language) -> str:
    """The reply of stage one, with a name for what the user said in it."""
    return words.replies().of(language).opening.replace("{said}", said)


def said(tone: str, emotion: Emotion, topic: str | None, language: Language) -> str:
    """A name for what the user said, such as ``회사 이야기와 지친 마음``."""
    sentences = words.replies().of(language)
    if topic is None:
        return sentences.said_alone.get(tone) or sentences.said_alone[emotion]
    return (sentences.said.get(tone) or sentences.said[emotion]).replace("{topic}", topic)


def second(tone: str, mixed: bool, language: Language, turn: Turn) -> str:
    """The reply of stage two."""
    sentences = words.replies().of(language)
    heard = sentences.heard[MIXED if mixed else tone]
    asks = sentences.asks.get(tone, sentences.asks[OTHERWISE])
    return f"{_one(heard, turn, 'heard')} {_one(asks, turn, 'asks')}"


def third(tone: str, theme: Theme, language: Language, turn: Turn) -> str:
    """The reply of stage three."""
    sentences = words.replies().of(language)
    needs = sentences.needs.get(tone, (sentences.needs_by_theme[theme],))
    return f"{_one(sentences.stayed[tone], turn, 'stayed')} {_one(needs, turn, 'needs')}"


def comfort(language: Language) -> str:
    """The reply of stage four."""
    return words.replies().of(language).comfort


def careful(stage: words.Stage, language: Language, turn: Turn) -> str:
    """The reply of a stage in a talk with a crisis in it."""
    sentences = words.replies().of(language)
    if stage == 4:
        return f"{sentences.comfort} {_one(sentences.comfort_careful, turn, 'comfort')}"
    return _one(sentences.careful[stage], turn, "careful")


def worried(stage: words.Stage, language: Language) -> str:
    """A gentle question with a helpline in it."""
    return words.replies().of(language).worried[stage]


def asking(text: str, stage: words.Stage, language: Language) -> str:
    """A reply with a gentle question and a helpline instead of its own question."""
    told = " ".join(part for part in _SENTENCE.split(text) if not part.endswith("?"))
    return f"{told} {worried(stage, language)}"


def crisis(before: int, worse: bool, language: Language) -> str:
    """The answer to words of crisis, with helplines for Korea and for English speakers elsewhere.

    Args:
        before: how many such answers the talk has had.
        worse: it is graver than what the user said before, or a plan.
    """
    sentences = words.replies().of(language)
    if before == 0:
        return sentences.crisis
    variants = sentences.worse if worse else sentences.again
    return variants[(before - 1) % len(variants)]


def _one(variants: Sequence[str], turn: Turn, what: str) -> str:
    digest = hashlib.blake2s(f"{turn.conversation}\n{what}".encode(), digest_size=4).digest()
    return variants[(int.from_bytes(digest, "big") + turn.talks) % len(variants)]


def _mixed(mood: Mood) -> bool:
    weights = sorted(mood.emotions.values(), reverse=True)
    glad = mood.emotions.get("joy", 0.0) >= _GLAD
    return glad and len(weights) > 1 and weights[1] >= _MIXED * weights[0]
