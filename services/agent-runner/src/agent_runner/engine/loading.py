"""Graphs from where people have them: a module's attribute, a file's, a ``langgraph.json``, a TOML file."""

import importlib
import importlib.util
import json
import logging
import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any

from dotenv import dotenv_values
from pydantic import ValidationError

from agent_runner.engine.graph_settings import GraphSettings
from chassis.settings import WrongSetting, in_one_line

logger = logging.getLogger(__name__)


class InvalidGraph(WrongSetting):
    """A graph that can't be served; the text names its entry and the reason, in one line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One graph as it is named.

    Attributes:
        told: how to speak of it to whoever wrote it.
        in_project: a `langgraph.json` names it, whose graphs may be for LangGraph's API alone.
        folder: what its path is relative to.
    """

    name: str
    path: str
    told: str
    folder: Path
    settings: GraphSettings = field(default_factory=GraphSettings)
    in_project: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """All that a setting names.

    Attributes:
        settings: of graphs that are named elsewhere, the built-in ones among them.
        store: how the store is set, as a `langgraph.json` says it.
        folder: what a path in that is relative to.
    """

    entries: tuple[Entry, ...] = ()
    settings: Mapping[str, GraphSettings] = field(default_factory=dict)
    store: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)


def named_in(setting: str, folder: Path) -> Named:
    """The graphs of ``PARLEY_GRAPHS``, comma separated: ``name=module:attribute``,
    ``name=./file.py:attribute``, or the path of a ``langgraph.json`` or of a TOML file.

    Raises:
        InvalidGraph: on an entry of another form, and on a file that cannot be read.
    """
    if setting and (here := str(folder)) not in sys.path:
        sys.path.append(here)  # last: no module there takes the place of an installed one
    entries: list[Entry] = []
    settings: dict[str, GraphSettings] = {}
    store = Named()
    for part in filter(None, (part.strip() for part in setting.split(","))):
        path = part.partition("=")[2] or part
        if "=" not in part and part.endswith((".json", ".toml")):
            found = _json(folder / part) if part.endswith(".json") else _toml(folder / part)
            entries += found.entries
            settings |= found.settings
            store = store if store.store else found
            continue
        name, equals, path = (text.strip() for text in part.partition("="))
        if not (name and equals and all(path.rpartition(":"))):
            raise InvalidGraph(f"PARLEY_GRAPHS entry {part!r} must be <name>=<module>:<attribute>")
        entries.append(Entry(name, path, f"PARLEY_GRAPHS entry {part!r}", folder))
    names = [entry.name for entry in entries]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidGraph(f"PARLEY_GRAPHS: there is already a graph {twice[0]!r}")
    return Named(tuple(entries), settings, store.store, store.folder)


def attribute_of(entry: Entry) -> Any:
    """What an entry's path leads to.

    Raises:
        InvalidGraph: if it cannot be loaded.
    """
    place, _, attribute = entry.path.rpartition(":")
    try:
        module = _file(entry.folder / place) if place.endswith(".py") or "/" in place else _module(place)
        found: Any = module
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as error:
        raise InvalidGraph(f"{entry.told}: {type(error).__name__}: {in_one_line(error)}") from error
    return found


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


def _file(path: Path) -> ModuleType:
    """A module by its file, as its package's where it lies on the path, so that it is loaded once."""
    file = path.resolve()
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    for folder in sys.path:
        root = Path(folder or ".").resolve()
        if file.is_relative_to(root) and (dotted := _dotted(file.relative_to(root))):
            with _on_path(file.parent):
                module = importlib.import_module(dotted)
            if module.__file__ and Path(module.__file__).resolve() == file:
                return module
            break  # another project has a module of this name
    name = f"parley_graph_{sha256(str(file).encode()).hexdigest()[:12]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is no Python module")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    with _on_path(file.parent):
        spec.loader.exec_module(module)
    return module


def _dotted(relative: Path) -> str:
    parts = relative.with_suffix("").parts
    return ".".join(parts) if all(part.isidentifier() for part in parts) else ""


@contextmanager
def _on_path(folder: Path) -> Iterator[None]:
    """Its neighbours can be imported, now and later."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    yield


def _json(path: Path) -> Named:
    """A project of LangGraph's: its graphs, with its dependencies on the path and its environment set."""
    said = _read(path, json.loads)
    folder, graphs = path.parent, said.get("graphs")
    if not isinstance(graphs, dict) or not graphs:
        raise InvalidGraph(f"{path}: graphs: must name at least one graph")
    _take_environment(said.get("env"), path)
    for dependency in said.get("dependencies") or ():
        if isinstance(dependency, str) and dependency.startswith("."):
            _take_dependency(folder / dependency, path)
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    beside = folder / "parley.toml"
    settings = _toml(beside).settings if beside.exists() else {}
    entries = []
    for name, place in graphs.items():
        where = place.get("path") if isinstance(place, dict) else place
        if not isinstance(where, str) or not all(where.rpartition(":")):
            raise InvalidGraph(f"{path}: graphs.{name}: must be <path>:<attribute>")
        told = f"{path}: graphs.{name}: {where!r}"
        own = settings.get(name, GraphSettings())
        entries.append(Entry(name, where, told, folder, own, in_project=True))
    store = said.get("store") or {}
    if not isinstance(store, dict):
        raise InvalidGraph(f"{path}: store: must be an object")
    others = {name: one for name, one in settings.items() if name not in graphs}
    return Named(tuple(entries), others, store, folder)


def _toml(path: Path) -> Named:
    said = _read(path, tomllib.loads)
    entries, settings = [], {}
    for name, table in (said.get("graphs") or {}).items():
        try:
            one = GraphSettings.model_validate(table)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise InvalidGraph(f"{path}: graphs.{name}.{place}: {first['msg']}") from None
        if one.path:
            entries.append(Entry(name, one.path, f"{path}: graphs.{name}: {one.path!r}", path.parent, one))
        else:
            settings[name] = one
    return Named(tuple(entries), settings)


def _read(path: Path, parse: Any) -> dict[str, Any]:
    try:
        said = parse(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidGraph(f"{path}: {in_one_line(error)}") from error
    if not isinstance(said, dict):
        raise InvalidGraph(f"{path}: must be an object")
    return said


def _take_environment(env: Any, path: Path) -> None:
    """Variables of a file or an object; what is set already stands. A fresh clone may lack the file."""
    if isinstance(env, str) and not (path.parent / env).exists():
        logger.warning("%s: env: there is no file %s", path, env)
        return
    found = dotenv_values(path.parent / env) if isinstance(env, str) else env if isinstance(env, dict) else {}
    for name, value in found.items():
        if value is not None:
            os.environ.setdefault(name, str(value))


def _take_dependency(folder: Path, path: Path) -> None:
    if not folder.exists():
        raise InvalidGraph(f"{path}: dependencies: there is no folder {folder}")
    for place in (folder / "src", folder):
        if place.is_dir() and str(place.resolve()) not in sys.path:
            sys.path.append(str(place.resolve()))
