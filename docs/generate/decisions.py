"""The list of decisions, made of the first line of each.

``python docs/generate/decisions.py`` writes it; a test fails when it is not what this would write.
"""

import re
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[1] / "adr"
PAGE: Final = FOLDER / "README.md"
_TITLE: Final = re.compile(r"# (?:\d+\. )?(.+)")


def page() -> str:
    """The text of the list; a decision's number is that of its file."""
    head = "# Decisions\n\nEach says what was decided, why, and what else there was to choose from.\n\n"
    table = "| | decision |\n| --- | --- |\n"
    return head + table + "".join(_line(each) for each in sorted(FOLDER.glob("[0-9]*.md")))


def _line(decision: Path) -> str:
    found = _TITLE.match(decision.read_text())
    title = found[1] if found else decision.stem
    return f"| {int(decision.name[:4])} | [{title}]({decision.name}) |\n"


if __name__ == "__main__":
    PAGE.write_text(page())
