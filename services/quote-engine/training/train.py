"""Train the reader of quote-engine on the sentences beside this file, and write its weights.

``train.py`` trains on all of them. ``train.py --halves`` writes nothing: it trains on one half, counts how
much of the other is read right, the other way round as well, and prints the shares. Which half a sentence is
in was fixed before anything was tuned: by a digest of it.

A file holds a sentence a line; ``# sadness`` begins those of an emotion.
"""

import argparse
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from contracts.events.quote import Emotion, Language
from quote_engine.adapters.trained import EMOTIONS, embedding, features, judge
from quote_engine.domain.care import care_for
from quote_engine.domain.language import normalise
from quote_engine.domain.reading import Reading, Verdict, clue, is_plain

HERE: Final = Path(__file__).parent
WEIGHTS: Final = HERE.parent / "src/quote_engine/words/trained.npz"
KINDS: Final = ("crisis", "lookalikes", "everyday", "implicit", "sarcasm", "talk")
MORE: Final = ("circumstances", "turns", "hints", "harmless", "ordinary", "irony")
"""Learned with either half and never counted: circumstances, later turns, signs of a crisis, what only sounds
like one, what people say who only drop in, and praise that is a complaint."""
STEPS: Final = 250
RATE: Final = 0.05
RESTRAINT: Final = 0.4
"""How strongly large weights are held down, over the number of sentences."""


@dataclass(frozen=True, slots=True)
class Row:
    """One sentence of the sets."""

    language: Language
    kind: str
    text: str
    emotion: Emotion | None

    @property
    def half(self) -> int:
        """0 or 1; -1 in both."""
        if self.kind in MORE:
            return -1
        return hashlib.sha256(self.text.encode()).digest()[0] % 2


def rows() -> list[Row]:
    """All sentences."""
    return [
        row for language in get_args(Language) for kind in (*KINDS, *MORE) for row in _rows(language, kind)
    ]


def _rows(language: Language, kind: str) -> Iterator[Row]:
    emotion: Any = None
    for line in (HERE / language / f"{kind}.txt").read_text("utf-8").splitlines():
        if line.startswith("# "):
            emotion = line[2:]
        elif line.strip():
            yield Row(language, kind, line.strip(), emotion)


def seen(sentences: Sequence[Row]) -> tuple[Any, Any]:
    """Their features, and the mean of their vectors."""
    embed = embedding()
    clues = [clue(normalise(row.text), row.language) for row in sentences]
    vectors = np.stack([embed(found.text) for found in clues])
    mean = vectors.mean(axis=0)
    return features(clues, vectors, mean), mean


def fit(found: Any, sentences: Sequence[Row]) -> dict[str, Any]:
    """The weights for the features of sentences."""
    danger = np.array([[row.kind in ("crisis", "hints")] for row in sentences], dtype=np.float32)
    felt = np.array([row.emotion is not None for row in sentences])
    labels = np.array(
        [[row.emotion == emotion for emotion in EMOTIONS] for row in sentences if row.emotion],
        dtype=np.float32,
    )
    # A crisis counts for as much as everything else together, however many sentences there are of it.
    balance = np.where(danger > 0, 0.5 / danger.mean(), 0.5 / (1 - danger.mean()))
    crisis, crisis_bias = _descend(found, danger, balance, lambda z: 1 / (1 + np.exp(-z)))
    emotions, emotions_bias = _descend(found[felt], labels, 1.0, _softmax)
    return {
        "crisis": crisis[:, 0],
        "crisis_bias": crisis_bias,
        "emotions": emotions,
        "emotions_bias": emotions_bias,
    }


def _softmax(scores: Any) -> Any:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def _descend(found: Any, labels: Any, balance: Any, link: Any) -> tuple[Any, Any]:
    """Logistic regression by Adam over all rows at once; the same weights every time."""
    weights = np.zeros((found.shape[1], labels.shape[1]), dtype=np.float32)
    bias = np.zeros(labels.shape[1], dtype=np.float32)
    of_weights, of_bias = ([np.zeros_like(value), np.zeros_like(value)] for value in (weights, bias))
    for step in range(1, STEPS + 1):
        error = ((link(found @ weights + bias) - labels) * balance / len(found)).astype(np.float32)
        weights -= _step(found.T @ error + RESTRAINT * weights / len(found), of_weights, step)
        bias -= _step(error.sum(axis=0), of_bias, step)
    return weights, bias


def _step(slope: Any, moments: list[Any], step: int) -> Any:
    moments[0] += 0.1 * (slope - moments[0])
    moments[1] += 0.001 * (slope * slope - moments[1])
    return RATE * (moments[0] / (1 - 0.9**step)) / (np.sqrt(moments[1] / (1 - 0.999**step)) + 1e-8)


def halves() -> dict[tuple[Language, str], list[float]]:
    """For every set, how often the half that was not trained on is read right; for ``crisis`` and the
    others the share of first messages that get helplines, and of those that get helplines or a question."""
    sentences = rows()
    found, _ = seen(sentences)
    half = np.array([row.half for row in sentences])
    right: dict[tuple[Language, str], list[list[bool]]] = defaultdict(list)
    for kept in (0, 1):
        weights = fit(
            found[(half == kept) | (half < 0)], [row for row in sentences if row.half in (kept, -1)]
        )
        danger, emotions = judge(found, weights)
        best = emotions.argmax(axis=1)
        for index, row in enumerate(sentences):
            if row.half != 1 - kept:
                continue
            verdict = Verdict(float(danger[index]), dict(zip(EMOTIONS, emotions[index], strict=True)))
            care = care_for(Reading(row.text, doubt=verdict.crisis, plain=is_plain(verdict)))
            alarm = [care.sign is not None, care.sign is not None or care.asking]
            if row.emotion is None:
                right[row.language, row.kind].append(alarm)
            else:
                right[row.language, row.kind].append([EMOTIONS[best[index]] == row.emotion])
                right[row.language, "alarms in moods"].append(alarm)
    return {name: list(np.mean(np.array(values), axis=0)) for name, values in right.items()}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halves", action="store_true")
    if parser.parse_args().halves:
        for (language, kind), shares in halves().items():
            print(f"{language} {kind:16}", *(f"{share:7.1%}" for share in shares))
        return
    sentences = rows()
    found, mean = seen(sentences)
    weights = {name: value.astype(np.float16) for name, value in fit(found, sentences).items()}
    np.savez_compressed(WEIGHTS, mean=mean, **weights)
    print(f"{len(sentences)} sentences, {WEIGHTS.stat().st_size} bytes")


if __name__ == "__main__":
    main()
