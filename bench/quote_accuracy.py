"""How often a quote talk is understood: moods and crises, per language and set.

Three kinds of sets:

- ``services/quote-engine/training``: 6,810 sentences that the trained reader learns from. Their shares come
  from a reader that learned one half, over the half that it did not see, and the other way round (`--halves`;
  it trains twice, some minutes). Which half a sentence is in was fixed before anything was tuned.
- ``tests/unit/labelled``, by other hands, and never learned from by the trained reader. ``en``, ``ko`` and
  ``implicit`` have been used for the rules' lists; ``unseen`` moods are only ever counted. All crisis
  sentences in it have been used for the rules, because a miss harms: they show that none is lost again.
- the same with the rules alone, as where the reader's package is not installed.

- ``first_messages``: what people say who drop in, and crises, direct and indirect. One half was looked at
  while the thresholds were set, the other was not read before it was counted; neither is learned from.

- ``dark_words`` and ``dark_talks``, printed by `--dark`: harmless sentences and talks with dark words,
  and indirect crises, likewise with one half that was not read while anything was changed.
- ``long_talks``, printed by `--dark` too: talks of all four stages, harmless or in danger, divided likewise.

An alarm is a reply with helplines; a question is an ordinary reply that asks gently.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, get_args

from contracts.envelope import Recorded
from contracts.events.quote import Language
from quote_engine.adapters.trained import TrainedReader
from quote_engine.collection import load_collection
from quote_engine.domain.care import care_for
from quote_engine.domain.dialogue import CrisisReply, Dialogue, RunFacts, evolve, fact, reply
from quote_engine.domain.reading import Trained, mood_of, read

QUOTE_ENGINE: Final = Path(__file__).parents[1] / "services/quote-engine"
LABELLED: Final = QUOTE_ENGINE / "tests/unit/labelled"
SETS: Final = ("", "implicit_", "unseen_")
COLLECTION: Final = load_collection()


def load(name: str) -> list[dict[str, str]]:
    """The rows of one file."""
    return [json.loads(line) for line in (LABELLED / f"{name}.jsonl").read_text("utf-8").splitlines()]


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--halves", action="store_true", help="train on one half, count the other")
    parser.add_argument("--dark", action="store_true", help="only dark words, indirect crises and talks")
    wanted = parser.parse_args()
    if wanted.halves:
        _halves()
        return
    if wanted.dark:
        _dark(TrainedReader())
        return
    for name, trained in (("rules and trained reader", TrainedReader()), ("rules alone", None)):
        print(f"\n{name:28}{'sentences':>10}{'emotion':>9}{'theme':>9}{'alarm':>9}{'question':>9}")
        for language in get_args(Language):
            for prefix in SETS:
                _count(f"{language} {prefix}moods", load(f"{prefix}{language}"), language, trained)
            for prefix in SETS:
                for kind in ("crisis", "lookalikes"):
                    rows = [row for row in load(f"{prefix}{kind}") if row["language"] == language]
                    _count(f"{language} {prefix}{kind}", rows, language, trained)
            first = [row for row in load("first_messages") if row["language"] == language]
            for half in ("tried", "unread"):
                for danger in (True, False):
                    kind = "crisis" if danger else "everyday"
                    rows = [
                        r for r in first if r["half"] == half and r["kind"].startswith("crisis") == danger
                    ]
                    _count(f"{language} first {half} {kind}", rows, language, trained)


def _count(name: str, rows: Sequence[dict[str, str]], language: Language, trained: Trained | None) -> None:
    readings = [read(row["text"], language, trained) for row in rows]
    moods = [mood_of([reading]) for reading in readings]
    shares: list[int | None] = [None, None]
    if "emotion" in rows[0]:
        pairs = list(zip(moods, rows, strict=True))
        shares = [
            sum(mood.emotion == row["emotion"] for mood, row in pairs),
            sum(mood.theme == row["theme"] for mood, row in pairs),
        ]
    cares = [care_for(reading) for reading in readings]
    shares.append(sum(care.sign is not None for care in cares))
    shares.append(sum(care.sign is None and care.asking for care in cares))
    printed = "".join(f"{'' if share is None else f'{share / len(rows):.1%}':>9}" for share in shares)
    print(f"{name:28}{len(rows):>10}{printed}")


def _dark(trained: Trained) -> None:
    print(f"{'':38}{'number':>8}{'helplines':>11}{'question':>10}{'neither':>9}")
    for name in ("dark_words", "dark_talks", "long_talks"):
        rows = load(name)
        outcomes = [_answered(row["said"] if "said" in row else [row["text"]], trained) for row in rows]
        counted = Counter(
            (row["language"], row["half"], row["kind"], outcome)
            for row, outcome in zip(rows, outcomes, strict=True)
        )
        for group in dict.fromkeys(key[:3] for key in counted):
            shares = [counted[*group, outcome] for outcome in ("helplines", "question", "neither")]
            title = " ".join((name, *group))
            print(f"{title:38}{sum(shares):>8}{shares[0]:>11}{shares[1]:>10}{shares[2]:>9}")


def _answered(said: Sequence[str], trained: Trained) -> str:
    """The most that a talk gets at any message: helplines, a question, or neither."""
    state, best = Dialogue(), "neither"
    for number, text in enumerate(said):
        run = RunFacts(run_id=f"m{number}", message_sequence=number + 1, attempt=1)
        state = replace(state, waiting={run["run_id"]: text})
        given = reply(state, text, conversation="bench:1", quotations=COLLECTION, trained=trained)
        if isinstance(given, CrisisReply):
            return "helplines"
        if given.fragile:
            best = "question"
        state = evolve(
            state,
            Recorded(
                id=f"e{number}",
                conversation="bench:1",
                event=fact(given, state, run),
                occurred_at=datetime.now(UTC),
                source="bench",
                sequence=number + 1,
                previous=number,
            ),
        )
    return best


def _halves() -> None:
    sys.path.insert(0, str(QUOTE_ENGINE / "training"))
    from train import halves

    print(f"{'half that was not learned':28}{'emotion':>9}{'alarm':>9}{'or question':>12}")
    for (language, kind), shares in halves().items():
        right = f"{shares[0]:>9.1%}" if len(shares) == 1 else f"{'':9}{shares[0]:>9.1%}{shares[1]:>12.1%}"
        print(f"{language + ' ' + kind:28}{right}")


if __name__ == "__main__":
    main()
