"""Which language a message is in, the form of it that is read, and in which pieces. Next: `patterns`.

Time is in proportion to the length of a message, whatever is in it: no run of combining marks is normalised
whole (which takes the square of its length), and expressions see one piece of bounded length at a time.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from contracts.events.quote import Language

MAX_READ: Final = 100_000
"""Characters of a message that are read: the longest that the quote protocol takes. Of a longer one, which
another protocol may bring, both ends."""
PIECE: Final = 320
OVERLAP: Final = 80
"""Characters that neighbouring pieces share, so that no phrase is cut in two; none is longer."""
_MARKS: Final = 4
"""Combining marks that one character keeps."""

_SYLLABLE: Final = re.compile("[가-힣]")
_JAMO: Final = re.compile("[ㄱ-ㅎㅏ-ㅣ]")
_LATIN: Final = re.compile("[A-Za-z]")
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u2060\ufe0e\ufe0f\ufeff]")
_STOPPED: Final = (
    (
        re.compile(
            r"(?<![\w'])(car|van|truck|bike|engine|motor|battery|phone|laptop|computer|pc|tablet|tv|screen|console|"
            r"printer|fridge|boiler|washing machine|router|wifi|wi-fi|internet|server|connection|signal|app)"
            r"((?: (?:just|has|have|had|finally|suddenly|completely|almost)){0,2}) died(?!\w)"
        ),
        r"\1\2 broke down",
    ),
    (
        re.compile(
            "(차|오토바이|엔진|배터리|휴대폰|핸드폰|폰|노트북|컴퓨터|태블릿|티비|화면|프린터|냉장고|세탁기|공유기|"
            "와이파이|인터넷|서버|앱)(이|가|도|은|는)?( (?:갑자기|완전히|또|결국))? ?죽었"
        ),
        r"\1\2\3 고장났",
    ),
    (
        re.compile(
            "(?<![가-힣])(기온|온도|체온|혈당|단추|낙엽|잎|꽃)(이|가|도|은|는)?"
            "( (?:또|뚝|많이|갑자기|벌써))? ?떨어졌"
        ),
        r"\1\2\3 내려갔",
    ),
    (
        re.compile(
            "(?<![가-힣])(당|배터리|쌀|우유|휴지|기름|커피|간식)(이|가|도|은|는)?( (?:다|또|벌써))? ?떨어졌"
        ),
        r"\1\2\3 동났",
    ),
    (
        re.compile("(?<![가-힣])(계단|침대|사다리|나무|의자|소파|자전거)에서( (?:또|그만))? ?떨어졌"),
        r"\1에서\2 굴렀",
    ),
    (re.compile("(?<![가-힣])정(이|도|은)?( (?:다|뚝|완전히))? ?떨어졌"), "싫어졌"),
)
"""What stops working dies only in a manner of speaking: no loss, and no crisis. What falls fails no exam."""
_LONG_RUN: Final = re.compile(r"(.)\1{2,}", re.DOTALL)
_QUOTES: Final = str.maketrans({"‘": "'", "’": "'", "ʼ": "'", "`": "'", "“": '"', "”": '"'})


def composed(text: str) -> str:
    """The text in NFC, its ends only if it is longer than `MAX_READ`."""
    if len(text) > MAX_READ:
        text = f"{text[: MAX_READ // 2]} {text[-(MAX_READ // 2) :]}"
    if text.isascii():
        return text
    runs = ((marks, "".join(run)) for marks, run in groupby(text, lambda c: unicodedata.combining(c) > 0))
    return unicodedata.normalize("NFC", "".join(run[:_MARKS] if marks else run for marks, run in runs))


def language_of(text: str, otherwise: Language) -> Language:
    """The language most of `text` is written in, or `otherwise` when it holds no letters.

    A Hangul syllable counts for two Latin letters, because it holds about as much.
    """
    korean = 2 * len(_SYLLABLE.findall(text)) + len(_JAMO.findall(text))
    english = len(_LATIN.findall(text))
    if korean == english:
        return otherwise
    return "ko" if korean > english else "en"


def has_words(text: str) -> bool:
    """Whether `text` says something in words, not in emoji, jamo or punctuation alone."""
    return bool(_SYLLABLE.search(text) or _LATIN.search(text))


def normalise(text: str) -> str:
    """Lower case, one form of each character, single spaces, no run of a character longer than two.

    NFC and not NFKC, which would take the jamo of "ㅠㅠ" for parts of syllables.
    """
    text = _INVISIBLE.sub("", composed(text)).translate(_QUOTES).casefold()
    text = _LONG_RUN.sub(r"\1\1", " ".join(text.split()))
    for broken, instead in _STOPPED:
        text = broken.sub(instead, text)
    return text


def pieces(text: str, overlap: int = OVERLAP) -> Iterator[str]:
    """The text in pieces of at most `PIECE` characters, cut at a space where there is one near."""
    start = 0
    while len(text) - start > PIECE:
        end = start + PIECE
        space = text.rfind(" ", end - OVERLAP, end)
        end = end if space < 0 else space
        yield text[start:end]
        start = end - overlap
    yield text[start:]


def sentences(text: str) -> Iterator[str]:
    """The sentences of a text, each of at most `PIECE` characters."""
    start = 0
    for end, mark in enumerate(text):
        if mark == "\n" or (mark in ".!?。…" and not text[end + 1 : end + 2].isalnum()):
            if sentence := text[start : end + 1].strip():
                yield from pieces(sentence, 0)
            start = end + 1
    if sentence := text[start:].strip():
        yield from pieces(sentence, 0)
