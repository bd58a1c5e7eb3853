"""The name of every ``PARLEY_…`` variable that some part of the system reads.

Every part refuses to start beside a name that is not there: a misspelt setting would else be ignored in
silence. A part cannot know the others' classes, so the names are a file that ``make settings`` writes.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.resources import files
from typing import Final

PREFIX: Final = "PARLEY_"
VARIABLES: Final = frozenset(files(__package__).joinpath("variables.txt").read_text().split())


def complaint(environment: Mapping[str, str], known: Iterable[str] = VARIABLES) -> str | None:
    """What is wrong with the names in an environment, in one line, or None."""
    names = sorted(known)
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in names)
    if not unknown:
        return None
    return "; ".join(f"{name}: no such setting, {_advice(name, names)}" for name in unknown)


def _advice(name: str, names: list[str]) -> str:
    close = get_close_matches(name, names, n=1, cutoff=0.8)
    return f"did you mean {close[0]}?" if close else "remove it"
