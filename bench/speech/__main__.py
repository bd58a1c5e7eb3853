"""``python -m speech``: each part in turn, and the results are written. See `speech`."""

import argparse
import asyncio
import json
import os
import platform
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from speech import Budget, Figures, costs, echoes, orders, people, report
from voice_bridge.engines.espeak import Espeak

SECONDS: Final = {
    "people": 60, "orders": 30, "words": 50, "first": 12, "listeners": 30, "echoes": 55, "unseen": 30,
    "times": 20, "answers": 10,
}  # fmt: skip
"""The most that each part takes, and a little more."""
QUICK: Final = {
    "people": 16, "orders": 7, "words": 7, "first": 3, "listeners": 3, "echoes": 6, "unseen": 4, "times": 10,
    "answers": 5,
}  # fmt: skip


async def measured(clips: Path | None, *, quick: bool, longer: float = 1.0) -> Figures:
    """The figures of all parts, each in so many times its seconds."""
    espeak = Espeak()
    parts: dict[str, Callable[[Budget], Awaitable[Figures]]] = {
        "people": lambda budget: people.figures(espeak, clips, budget),
        "orders": lambda budget: orders.figures(espeak, budget),
        "words": lambda budget: orders.of_one_word(espeak, budget),
        "first": lambda budget: orders.of_first_seconds(espeak, budget),
        "listeners": lambda budget: orders.of_listeners(espeak, budget),
        "echoes": echoes.figures,
        "unseen": echoes.of_unseen,
        "times": lambda budget: costs.times(espeak, budget),
        "answers": lambda budget: costs.answers(espeak, budget),
    }
    found: Figures = {
        "run": {
            "at": datetime.now(UTC).isoformat(timespec="minutes"),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 1),
            "quick": quick,
        }
    }
    for name, part in parts.items():
        began = time.monotonic()
        found[name] = await part(Budget((QUICK if quick else SECONDS)[name] * longer))
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    await espeak.close()
    return found


def main() -> None:
    """Print the page, and write it and the figures where asked."""
    parser = argparse.ArgumentParser(prog="speech", description=__doc__)
    parser.add_argument("--clips", type=Path, help="a folder that human_clips.py filled")
    parser.add_argument("--quick", action="store_true", help="less of everything, in a minute")
    parser.add_argument("--longer", type=float, default=1.0, help="times the time, on a busy machine")
    parser.add_argument("--output", type=Path, help="the folder for speech.json and speech.md")
    options = parser.parse_args()
    found = asyncio.run(measured(options.clips, quick=options.quick, longer=options.longer))
    page = report.page(found)
    print(page)
    if options.output:
        (options.output / "speech.json").write_text(
            json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8"
        )
        (options.output / "speech.md").write_text(page, "utf-8")


if __name__ == "__main__":
    main()
