"""Words of self-harm or of not wanting to live, direct and indirect, and the answer to them.

A miss is worse than a false alarm, so denials ("I'm not suicidal") are noticed too; what only looks
alike ("배고파 죽겠다", "this deadline is killing me") is kept out by asking for the whole phrase.
Every message is read whole, in both languages. Next: `dialogue`, which asks here first.
"""

import re
from functools import cache
from typing import Final

from contracts.events.quote import Language
from quote_engine.domain.language import normalise
from quote_engine.domain.lexicon import crisis

_REPLIES: Final[dict[Language, str]] = {
    "ko": (
        "말씀해 주셔서 고맙습니다. 지금 얼마나 힘드실지, 무엇보다 당신의 안전이 걱정돼요. "
        "혼자 견디지 않으셔도 됩니다. 지금 바로 이야기를 들어 줄 사람들이 있어요.\n\n"
        "· 자살예방상담전화 109 (24시간)\n"
        "· 정신건강상담전화 1577-0199 (24시간)\n"
        "· 청소년상담전화 1388\n"
        "· 지금 당장 위험하다면 119 또는 112\n"
        "· 한국 밖에 계시다면 findahelpline.com\n\n"
        "지금 안전한 곳에 계신가요? 곁에 있어 줄 수 있는 분께 먼저 연락해 주세요. "
        "저도 계속 이야기를 듣고 있을게요."
    ),
    "en": (
        "Thank you for telling me. I'm really sorry you are in so much pain, and your safety matters "
        "more than anything else right now. You don't have to carry this alone; "
        "people are there to listen at this moment.\n\n"
        "· US: call or text 988 (Suicide & Crisis Lifeline)\n"
        "· UK and Ireland: Samaritans, 116 123\n"
        "· Korea: 109 (suicide prevention), 1577-0199 (mental health), 1388 (young people), "
        "119 or 112 in an emergency\n"
        "· Anywhere else: findahelpline.com\n"
        "· If you are in immediate danger, call your local emergency number now\n\n"
        "Are you somewhere safe? If you can, reach out to someone who can stay with you. "
        "I'm here to keep listening."
    ),
}


@cache
def _signs() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Sign and expression; compiled at the first message and not on import."""
    return (
        *((sign, re.compile(text, re.VERBOSE)) for sign, text in crisis.KOREAN.items()),
        *((sign, re.compile(rf"(?<![\w'])(?:{text})", re.VERBOSE)) for sign, text in crisis.ENGLISH.items()),
    )


@cache
def _harmless() -> re.Pattern[str]:
    return re.compile(crisis.HARMLESS, re.VERBOSE)


def find_crisis(text: str) -> str | None:
    """The sign of crisis in a message, such as ``wish to die``, or None."""
    # A task that someone wants to be done with is taken out, and everything else is still read.
    read = _harmless().sub("·", normalise(text))
    return next((sign for sign, pattern in _signs() if pattern.search(read)), None)


def crisis_reply(language: Language) -> str:
    """The answer, with helplines for Korea and for English speakers elsewhere."""
    return _REPLIES[language]
