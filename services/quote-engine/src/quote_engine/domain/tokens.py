"""A reply as the tokens a stream sends: one word each with the space before it, and nothing lost."""

import re
from typing import Final

_TOKEN: Final = re.compile(r"\s*\S+|\s+$")


def tokens(text: str) -> tuple[str, ...]:
    """The tokens of `text`, in order; joined they are `text` exactly."""
    return tuple(_TOKEN.findall(text))
