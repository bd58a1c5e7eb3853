"""How often everyday words are understood without a model of one's own: requests, consent and notes.

Each share is of one language and half of a labelled set (`tests/everyday.py`); the half that was held back is
the one to judge by. ``--wrong`` lists what is wrong in the other one.

- requests: what the embedded model answers through the `planner` graph, judged by what the reply must hold.
- consent: answers to "shall I?", read by the rules as a yes, a no, a change or none of these. What commits is
  what would be done although it was refused or doubted: it must be none.
- notes: whether a question finds the note that answers it, or none where no note does.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.everyday import (
    DRAFT,
    HALVES,
    LANGUAGES,
    Said,
    answers,
    commits,
    fits,
    half,
    questions,
    reply,
    requests,
)

from agent_runner.agents.graphs.consent import read
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.notes import note_tools


async def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wrong", action="store_true", help="list what is wrong in the halves not held back")
    listed = parser.parse_args().wrong
    print(f"{'':24}{'language':>10}{'half':>12}{'right':>12}{'commits':>10}")
    for language in LANGUAGES:
        for later in (False, True):
            for which in HALVES:
                name = "later " * later
                said = half(requests(language, later=later), which)
                replies = [(each, await reply(each.text)) for each in said]
                wrong = [(each, text) for each, text in replies if not fits(text, each.wanted)]
                _tell(f"{name}requests", language, which, said, wrong, listed)
        for later in (False, True):
            for which in HALVES:
                name = "later " * later
                said = half(answers(language, later=later), which, by_turns=later)
                readings = [(each, read(each.text, DRAFT)) for each in said]
                wrong = [(each, found.verdict) for each, found in readings if found.verdict != each.wanted]
                harm = sum(commits(found) for each, found in readings if each.wanted in ("no", "unclear"))
                _tell(f"{name}consent", language, which, said, wrong, listed, str(harm))
        for which in HALVES:
            said = half(questions(language), which)
            found_for = [(each, await _note(each.text)) for each in said]
            for kind, asked in (("a note", True), ("no note", False)):
                those = [(each, found) for each, found in found_for if (each.wanted != "-") is asked]
                wrong = [(each, found) for each, found in those if found.split(".")[0] != each.wanted]
                _tell(f"questions for {kind}", language, which, [each for each, _ in those], wrong, listed)


async def _note(question: str) -> str:
    (tool,) = note_tools(DataFolder())
    call = {"type": "tool_call", "id": "1", "name": tool.name, "args": {"query": question}}
    found: list[dict[str, Any]] = (await tool.ainvoke(call)).artifact
    return str(found[0]["source"]) if found else "-"


def _tell(
    name: str, language: str, which: str, said: Sequence[Said], wrong: Sequence[tuple[Said, str]],
    listed: bool, harm: str = "",
) -> None:  # fmt: skip
    right = len(said) - len(wrong)
    print(f"{name:24}{language:>10}{which:>12}{f'{right}/{len(said)} {right / len(said):.0%}':>12}{harm:>10}")
    if listed and which != "held back":
        for each, found in wrong:
            print(f"    {each.text!r} wants {each.wanted!r}: {found[:160]!r}")


if __name__ == "__main__":
    asyncio.run(main())
