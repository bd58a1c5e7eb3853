"""Whether what was said so far calls for more, by its last words: for recognizers without a grammar. Pure."""

from typing import Final

from voice_bridge.domain.endpointing import Outlook
from voice_bridge.domain.remarks import plain, understood

_OPEN_WORDS: Final = frozenset(
    [
        "a",
        "an",
        "the",
        "of",
        "for",
        "from",
        "with",
        "without",
        "to",
        "in",
        "on",
        "at",
        "by",
        "about",
        "between",
        "into",
        "over",
        "under",
        "and",
        "or",
        "but",
        "because",
        "if",
        "when",
        "while",
        "that",
        "which",
        "who",
        "whose",
        "my",
        "your",
        "his",
        "her",
        "its",
        "our",
        "their",
        "is",
        "are",
        "was",
        "were",
        "the",
        "my",
        "this",
        "these",
        "some",
        "any",
        "no",
        "every",
        "each",
        "than",
        "as",
        "so",
        "um",
        "uh",
        "er",
        "please",
        "can",
        "could",
        "would",
        "will",
        "shall",
        "let's",
        "i",
        "you",
        "we",
        "they",
        "그리고",
        "그런데",
        "하지만",
        "또는",
        "혹은",
        "그래서",
        "왜냐하면",
        "만약",
        "저",
        "음",
        "그",
        "이",
        "어",
        "제",
        "내",
        "우리",
        "및",
    ]
)
"""Nobody ends with one of these."""
_OPEN_ENDINGS: Final = (
    "의",
    "와",
    "과",
    "에서",
    "에게",
    "한테",
    "으로",
    "부터",
    "까지",
    "이랑",
    "하고",
    "는데",
    "면서",
    "지만",
)
_LONGEST: Final = 200


def outlook_of(text: str) -> Outlook:
    """What follows after these words."""
    remark = understood(text)
    if remark is not None:
        return Outlook.COMPLETE
    words = plain(text[-_LONGEST:]).split()
    if not words:
        return Outlook.UNKNOWN
    last = words[-1]
    is_open = last in _OPEN_WORDS or (len(last) > 1 and last.endswith(_OPEN_ENDINGS))
    return Outlook.OPEN if is_open and not text.rstrip().endswith("?") else Outlook.UNKNOWN
