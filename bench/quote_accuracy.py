"""How often the rules name the emotion and theme a person named, per language and set.

``en`` and ``ko`` were labelled before the rules were written; their tuning half may be looked at while
changing the rules, the held-back half is only ever counted. `--show` lists the errors of the tuning half.

``implicit`` and ``unseen`` tell feelings by circumstances alone. ``implicit`` was written before anybody
who changes the lists had read them (12 of 44 in English and 14 of 44 in Korean were right, 10 of 30 crises
noticed), and has been used for the lists since. ``unseen`` was written after that and is only ever counted:
2 of 44 in each language. So the rules know a feeling by its words and by the circumstances they list, and
read any other as neutral; a chat model reads those.

Of ``unseen_crisis`` 1 of 30 was noticed when it was written, 2 once ``implicit_crisis`` had been used. All
crisis sentences have been used since, because a miss harms: they show that none is lost again, and not how
many new indirect ones would be noticed, which is few.
"""

import argparse
import hashlib
import json
from pathlib import Path
from typing import Final, get_args

from contracts.events.quote import Language
from quote_engine.domain.crisis import find_crisis
from quote_engine.domain.mood import read_mood

LABELLED: Final = Path(__file__).parents[1] / "services/quote-engine/tests/unit/labelled"


def load(name: str) -> list[dict[str, str]]:
    """The rows of one file, in a stable order that has nothing to do with their labels."""
    rows = [json.loads(line) for line in (LABELLED / f"{name}.jsonl").read_text("utf-8").splitlines()]
    return sorted(rows, key=lambda row: hashlib.sha256(row["text"].encode()).digest())


def halves(language: Language) -> dict[str, list[dict[str, str]]]:
    """The tuning half and the held-back half."""
    rows = load(language)
    middle = len(rows) // 2
    return {"tuning": rows[:middle], "held back": rows[middle:]}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="list the errors of the tuning half")
    show = parser.parse_args().show
    print(f"{'':12}{'sentences':>10}{'emotion':>10}{'theme':>10}")
    for language in get_args(Language):
        for half, rows in halves(language).items():
            _print(f"{language} {half}", language, rows, show and half == "tuning")
    for language in get_args(Language):
        for kind in ("implicit", "unseen"):
            _print(f"{language} {kind}", language, load(f"{kind}_{language}"), show and kind == "implicit")
    crisis = [row for name in ("", "implicit_", "unseen_") for row in load(f"{name}crisis")]
    others = [row for name in ("", "implicit_", "unseen_") for row in load(f"{name}lookalikes")]
    missed = [row["text"] for row in crisis if not find_crisis(row["text"])]
    alarms = [row["text"] for row in others if find_crisis(row["text"])]
    print(f"crisis sentences unnoticed: {len(missed)} of {len(crisis)} {missed}")
    print(f"look-alikes taken for crises: {len(alarms)} of {len(others)} {alarms}")


def _print(name: str, language: Language, rows: list[dict[str, str]], show: bool) -> None:
    right = {"emotion": 0, "theme": 0}
    for row in rows:
        mood = read_mood([row["text"]], language)
        right["emotion"] += mood.emotion == row["emotion"]
        right["theme"] += mood.theme == row["theme"]
        if show and (mood.emotion, mood.theme) != (row["emotion"], row["theme"]):
            print(f"   {row['text']}\n      {row['emotion']}/{row['theme']} <- {mood.emotions} {mood.themes}")
    shares = "".join(f"{count / len(rows):>10.1%}" for count in right.values())
    print(f"{name:14}{len(rows):>8}{shares}")


if __name__ == "__main__":
    main()
