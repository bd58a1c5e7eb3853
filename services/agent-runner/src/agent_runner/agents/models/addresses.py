"""E-mail addresses in a text. Pure."""

from typing import Final

import re2

LONGEST: Final = 2_000
"""Characters that are read."""
_ADDRESS: Final = re2.compile(r"[A-Za-z0-9_.+-]+@(?:[A-Za-z0-9_-]+\.){1,8}[A-Za-z0-9_-]+")


def find_address(text: str) -> str | None:
    """The first e-mail address, or None."""
    found = _ADDRESS.search(text[:LONGEST])
    return found[0] if found else None
