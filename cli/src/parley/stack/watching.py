"""Where the users' graphs are written, and word of what changes there. For ``parley dev``."""

import json
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Final

from watchfiles import PythonFilter, awatch

READ_BESIDE: Final = (".json", ".toml", ".yaml", ".yml", ".env")
"""Endings of what a project may read beside its modules."""


def sources(environment: Mapping[str, str], folder: Path) -> list[Path]:
    """The folders of what ``PARLEY_GRAPHS`` names, and of a ``langgraph.json``'s local dependencies."""
    found: set[Path] = set()
    for part in filter(None, (each.strip() for each in environment.get("PARLEY_GRAPHS", "").split(","))):
        _, equals, path = part.partition("=")
        if not equals:
            found |= {(folder / part).resolve().parent, *_dependencies(folder / part)}
            continue
        place = path.strip().rpartition(":")[0]
        is_file = place.endswith(".py") or "/" in place
        found |= {(folder / place).resolve().parent} if is_file else set(_module(place, folder))
    return sorted(each for each in found if each.is_dir())


async def changes(folders: Sequence[Path], data_dir: Path) -> AsyncIterator[str]:
    """The names of what has changed, each time that something has, but for what the stack itself writes."""
    wanted = PythonFilter(ignore_paths=[data_dir], extra_extensions=READ_BESIDE)
    async for found in awatch(*folders, watch_filter=wanted):
        yield ", ".join(sorted({Path(path).name for _, path in found}))


def _module(name: str, folder: Path) -> Iterator[Path]:
    """The folder of a module or of its package."""
    spec = PathFinder.find_spec(name.partition(".")[0], [str(folder), *sys.path])
    if spec and spec.submodule_search_locations:
        yield from map(Path, spec.submodule_search_locations)
    elif spec and spec.origin:
        yield Path(spec.origin).parent


def _dependencies(config: Path) -> Iterator[Path]:
    try:
        listed = json.loads(config.read_text("utf-8")).get("dependencies") or ()
    except (OSError, ValueError, AttributeError):
        return  # agent-runner says what is wrong with it
    for each in listed:
        if isinstance(each, str) and each.startswith("."):
            yield (config.parent / each).resolve()
