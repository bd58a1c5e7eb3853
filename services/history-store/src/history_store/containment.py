"""Whether a JSON object contains another one, in depth; PostgreSQL's ``@>`` for SQLite."""

import json
from typing import Any, Final

CONTAINS: Final = "parley_contains"
"""The name of `contains` in SQLite."""


def contains(whole: str, part: str) -> bool:
    """Whether the JSON text `whole` contains `part`, as ``whole::jsonb @> part::jsonb`` does."""
    return _contains(json.loads(whole), json.loads(part))


def _contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            name in whole and _contains(whole[name], value) for name, value in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(any(_contains(item, one) for item in whole) for one in part)
    return (type(whole) is type(part) and bool(whole == part)) or _same_number(whole, part)


def _same_number(whole: Any, part: Any) -> bool:
    numbers = [type(value) in (int, float) for value in (whole, part)]
    return all(numbers) and bool(whole == part)
