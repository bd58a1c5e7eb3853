"""Every graph that is served, by name: the built-in ones and the users' own, by import path."""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from agent_runner.engine.presentation import PLAIN, Presentation
from chassis.settings import WrongSetting, in_one_line

Compiled: TypeAlias = Pregel[Any, Any, Any, Any]
Graph: TypeAlias = StateGraph[Any, Any, Any, Any] | Compiled


GraphT = TypeVar("GraphT", bound=Graph, covariant=True)
"""`Graph` as it was written, or `Compiled`."""


@dataclass(frozen=True, slots=True)
class Served(Generic[GraphT]):
    """A graph, and how what it does reads."""

    graph: GraphT
    presentation: Presentation = PLAIN

    def on(self, checkpointer: BaseCheckpointSaver[Any] | None) -> "Served[Compiled]":
        """The graph ready to run on this checkpointer, in place of one it was compiled with."""
        return Served(compile_graph(self.graph, checkpointer), self.presentation)


class InvalidGraph(WrongSetting):
    """An entry of PARLEY_GRAPHS can't be served; the text names the entry and the reason."""


def catalogue(built_in: Mapping[str, Served[Graph]], setting: str) -> dict[str, Served[Graph]]:
    """The built-in graphs and those of the setting ``name=module:attribute,…``.

    The attribute is a compiled graph, a StateGraph, or a function without arguments that returns one.

    Raises:
        InvalidGraph: on an entry of another form, a name used twice, or anything that can't be loaded.
    """
    graphs = dict(built_in)
    if setting and (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # last: no module there takes the place of an installed one
    for entry in filter(None, (part.strip() for part in setting.split(","))):
        name, path = _parse(entry)
        if name in graphs:
            raise InvalidGraph(f"PARLEY_GRAPHS entry {entry!r}: there is already a graph {name!r}")
        graphs[name] = Served(_load(entry, path))
    return graphs


def compile_graph(graph: Graph, checkpointer: BaseCheckpointSaver[Any] | None) -> Compiled:
    """The graph ready to run on this checkpointer, in place of one it was compiled with."""
    if isinstance(graph, StateGraph):
        return graph.compile(checkpointer=checkpointer)
    return graph.copy(update={"checkpointer": checkpointer})


def _parse(entry: str) -> tuple[str, str]:
    name, equals, path = (part.strip() for part in entry.partition("="))
    if not (name and equals and all(path.partition(":"))):
        raise InvalidGraph(f"PARLEY_GRAPHS entry {entry!r} must be <name>=<module>:<attribute>")
    return name, path


def _load(entry: str, path: str) -> Graph:
    module, _, attribute = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), attribute)
        if callable(found) and not isinstance(found, StateGraph | Pregel):
            found = found()
    except Exception as error:
        raise InvalidGraph(
            f"PARLEY_GRAPHS entry {entry!r}: {type(error).__name__}: {in_one_line(error)}"
        ) from error
    if not isinstance(found, StateGraph | Pregel):
        raise InvalidGraph(f"PARLEY_GRAPHS entry {entry!r} is a {type(found).__name__}, no LangGraph graph")
    return found
