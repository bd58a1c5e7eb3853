"""The blocks of code in a page, by what is written behind their three backticks."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
_BLOCK: Final = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE: Final = re.compile(r'^(\w+) title="(\w+)"$')
"""What GitHub, the guide and the static site all understand."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page.

    Attributes:
        kind: language and title, such as ``sh run``.
        line: where it begins in the page.
    """

    page: str
    line: int
    kind: str
    text: str


def pages() -> list[Path]:
    """Every page that people read."""
    found = [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]
    return sorted(page for page in found if "node_modules" not in page.parts)


def blocks(page: Path) -> list[Block]:
    """The blocks of one page, in order."""
    text = page.read_text()
    return [
        Block(
            str(page.relative_to(ROOT)),
            text.count("\n", 0, found.start()) + 1,
            _TITLE.sub(r"\1 \2", found[1].strip()),
            found[2],
        )
        for found in _BLOCK.finditer(text)
    ]
