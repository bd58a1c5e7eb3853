"""Every graph that is served, by name: the built-in ones and the users' own, ready to run."""

import inspect
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeAlias

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel
from langgraph.store.base import BaseStore

from agent_runner.engine.durable import keep_calls
from agent_runner.engine.fitting import Intake, Shape, Unfit, context_fields, intake_of, reply_in
from agent_runner.engine.graph_settings import RECURSION_LIMIT, GraphSettings
from agent_runner.engine.loading import Entry, InvalidGraph, Named, attribute_of
from agent_runner.engine.presentation import PLAIN, Presentation
from chassis.settings import in_one_line

Compiled: TypeAlias = Pregel[Any, Any, Any, Any]
Graph: TypeAlias = StateGraph[Any, Any, Any, Any] | Compiled
Factory: TypeAlias = Callable[..., Any]
"""A function that makes a graph, with or without the run's config: it, an awaitable or a context manager."""

__all__ = ["Compiled", "Graph", "InvalidGraph", "Ready", "Served", "catalogue", "compile_graph"]

logger = logging.getLogger(__name__)

_NO_RUN: Final[RunnableConfig] = {"configurable": {}}


@dataclass(frozen=True, slots=True)
class Served:
    """A graph as it was written, and how what it does reads."""

    graph: Graph | Factory
    presentation: Presentation = PLAIN
    settings: GraphSettings = field(default_factory=GraphSettings)

    def on(self, checkpointer: BaseCheckpointSaver[Any] | None, store: BaseStore | None = None) -> "Ready":
        """The graph ready to run on this checkpointer, in place of one it was compiled with."""
        return Ready(self, checkpointer, store)


class Ready:
    """A graph that can be run; one that a function makes is made anew each time."""

    def __init__(
        self, served: Served, checkpointer: BaseCheckpointSaver[Any] | None, store: BaseStore | None
    ) -> None:
        self.presentation = served.presentation
        self.settings = served.settings
        self._source = served.graph
        self._checkpointer = checkpointer
        self._store = store
        is_graph = isinstance(served.graph, StateGraph | Pregel)
        self._compiled = self._on(served.graph) if is_graph else None
        self._intake: Intake | None = None

    @property
    def graph(self) -> Compiled:
        """The graph, where no function makes it.

        Raises:
            TypeError: if a function makes it.
        """
        if self._compiled is None:
            raise TypeError("the graph is made for each run")
        return self._compiled

    @asynccontextmanager
    async def opened(self, config: RunnableConfig | None = None) -> AsyncIterator[Compiled]:
        """The graph, for as long as a run needs it."""
        if self._compiled is not None:
            yield self._compiled
            return
        async with made(self._source, config or _NO_RUN) as graph:
            yield self._on(graph)

    def intake(self, graph: Compiled) -> Intake:
        """How a message goes into the graph; raises `Unfit` where none does."""
        if self._intake is None:
            self._intake = intake_of(graph, self.settings)
        return self._intake

    def config(self, graph: Compiled, facts: Mapping[str, str]) -> RunnableConfig:
        """The config of a run: who asks, and the limit of super-steps."""
        configurable = {**self.settings.configurable, **facts}
        return {"configurable": configurable, "recursion_limit": self.recursion_limit(graph)}

    def recursion_limit(self, graph: Compiled) -> int:
        """How many super-steps a run may take."""
        own = (graph.config or {}).get("recursion_limit")
        return self.settings.recursion_limit or own or RECURSION_LIMIT

    def context(self, graph: Compiled, facts: Mapping[str, str]) -> Any:
        """The graph's runtime context: its fields from what is known of the run, else from the settings."""
        fields = context_fields(graph)
        if fields is None or fields.hints is None:
            return dict(self.settings.context) or None
        known = {**self.settings.context, **facts}
        return {name: value for name, value in known.items() if name in fields.hints}

    def _on(self, graph: Any) -> Compiled:
        compiled = compile_graph(graph, self._checkpointer, self._store)
        if self.settings.durable_calls:
            keep_calls(compiled)
        return compiled


async def catalogue(built_in: Mapping[str, Served], named: Named) -> dict[str, Served]:
    """The built-in graphs and those that a setting names, each looked at once.

    The attribute is a compiled graph, a StateGraph, or a function that makes one.

    Raises:
        InvalidGraph: on an entry of another form, a name used twice, or anything that can't be served.
    """
    graphs = dict(built_in)
    for entry in named.entries:
        if entry.name in graphs:
            raise InvalidGraph(f"{entry.told}: there is already a graph {entry.name!r}")
        graphs[entry.name] = await _checked(entry)
    for name, settings in named.settings.items():
        if name not in graphs:
            raise InvalidGraph(f"graphs.{name}: there is no such graph, only {', '.join(sorted(graphs))}")
        graphs[name] = replace(graphs[name], settings=settings)
    return graphs


def compile_graph(
    graph: Graph, checkpointer: BaseCheckpointSaver[Any] | None, store: BaseStore | None = None
) -> Compiled:
    """The graph ready to run on this checkpointer and store, in place of those it was compiled with."""
    if isinstance(graph, StateGraph):
        return graph.compile(checkpointer=checkpointer, store=store)
    changed = {"checkpointer": checkpointer} | ({"store": store} if store is not None else {})
    return graph.copy(update=changed)


@asynccontextmanager
async def made(factory: Any, config: RunnableConfig) -> AsyncIterator[Graph]:
    """What a function makes, for as long as it lives.

    Raises:
        TypeError: if that is no graph.
    """
    made_of = factory(config) if _takes_config(factory) else factory()
    if inspect.isawaitable(made_of):
        made_of = await made_of
    if isinstance(made_of, AbstractAsyncContextManager) and not isinstance(made_of, StateGraph | Pregel):
        async with made_of as graph:
            yield _as_graph(graph)
    elif isinstance(made_of, AbstractContextManager) and not isinstance(made_of, StateGraph | Pregel):
        with made_of as graph:
            yield _as_graph(graph)
    else:
        yield _as_graph(made_of)


def _takes_config(factory: Any) -> bool:
    parameters = inspect.signature(factory).parameters.values()
    return any(each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) for each in parameters)


async def _made_once(found: Any) -> Any:
    """What a plain function without arguments gives, which is the same for every run."""
    if isinstance(found, StateGraph | Pregel) or _takes_config(found):
        return found
    made_of = found()
    if inspect.isawaitable(made_of):
        made_of = await made_of
    if isinstance(made_of, StateGraph | Pregel):
        return made_of
    if isinstance(made_of, AbstractAsyncContextManager | AbstractContextManager):
        return found
    return _as_graph(made_of)


async def _checked(entry: Entry) -> Served:
    found = attribute_of(entry)
    if not callable(found) and not isinstance(found, StateGraph | Pregel):
        raise InvalidGraph(f"{entry.told} is a {type(found).__name__}, no LangGraph graph")
    try:
        served = Served(await _made_once(found), settings=entry.settings)
        async with served.on(None).opened() as graph:
            presentation = replace(PLAIN, reply=reply_in(graph, entry.settings))
            _check_fits(graph, entry)
    except Unfit as error:
        raise InvalidGraph(f"{entry.told}: {error}") from None
    except NotAGraph as error:
        raise InvalidGraph(f"{entry.told} is {error}") from None
    except Exception as error:
        raise InvalidGraph(f"{entry.told}: {type(error).__name__}: {in_one_line(error)}") from error
    return replace(served, presentation=presentation)


FACTS: Final = ("thread_id", "user_id", "run_id", "protocol")
"""What is known of every run."""


def _check_fits(graph: Compiled, entry: Entry) -> None:
    """See that messages go into it. One of a project may be for runs whose input comes by LangGraph's API."""
    settings = entry.settings
    fields: Shape | None = context_fields(graph)
    hints, required = (fields.hints or {}, fields.required) if fields else ({}, frozenset[str]())
    if hints and (unknown := sorted(settings.context.keys() - hints.keys())):
        raise Unfit(f"context: the graph's context has no field {unknown[0]!r}")
    try:
        intake_of(graph, settings)
        if missing := sorted(required - settings.context.keys() - set(FACTS)):
            raise Unfit(f"context: the graph needs {', '.join(missing)}, for which no default is set")
    except Unfit as error:
        if not entry.in_project or settings.input is not None:
            raise
        logger.warning("%s: by LangGraph's API only: %s", entry.told, error)


class NotAGraph(TypeError):
    """Something else; the text says what."""


def _as_graph(found: Any) -> Graph:
    if not isinstance(found, StateGraph | Pregel):
        raise NotAGraph(f"a {type(found).__name__}, no LangGraph graph")
    return found
