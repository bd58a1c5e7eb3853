"""What a run was asked for, as LangGraph takes it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, Send

from agent_runner.engine.catalogue import Compiled
from contracts.events import RunRequested
from contracts.events.request import Nodes

SPOKEN: Final = "voice"
"""The protocol of conversations that are spoken, in which less may be heard than was generated."""
_RESERVED: Final = frozenset({"thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map", "run_id"})
"""What of ``configurable`` says where a run is, and is not the caller's to choose."""


def options_of(request: RunRequested, graph: Compiled) -> dict[str, Any]:
    """Keyword arguments of ``astream``, beside those that say what is streamed."""
    options: dict[str, Any] = {"durability": request.durability}
    for name in ("interrupt_before", "interrupt_after"):
        if (nodes := getattr(request, name)) is not None:
            options[name] = _nodes(nodes)
    context = request.context
    if context is None and graph.context_schema is not None:
        context = settings_of(request) or None
    if context is not None:
        options["context"] = context
    return options


def settings_of(request: RunRequested) -> dict[str, Any]:
    """The caller's own part of ``configurable``."""
    given = request.config.get("configurable") or {}
    return {key: item for key, item in given.items() if key not in _RESERVED and not key.startswith("__")}


def with_options(config: RunnableConfig, request: RunRequested, graph: str, attempt: int) -> RunnableConfig:
    """The run's config with what the caller asked for."""
    named = {"graph_id": graph, "assistant_id": request.assistant_id}
    about = {name: value for name, value in named.items() if value}
    own: dict[str, Any] = {}
    if request.assistant_id:
        thread_id = config["configurable"]["thread_id"]
        about["user_id"] = request.user_id or ""
        own = {"created_by": "system", "run_attempt": attempt, "thread_id": thread_id}
    run_id = config["metadata"]["run_id"]
    merged: RunnableConfig = {**config}
    heard = {"spoken": True} if request.protocol == SPOKEN else {}
    merged["configurable"] = {
        **settings_of(request),
        **about,
        **heard,
        "run_id": run_id,
        **config["configurable"],
    }
    merged["metadata"] = {**own, **about, **request.metadata, **config["metadata"]}
    merged["run_name"] = graph
    if tags := request.config.get("tags"):
        merged["tags"] = list(tags)
    if (limit := request.config.get("recursion_limit")) is not None:
        merged["recursion_limit"] = limit
    return merged


def branched(config: RunnableConfig, request: RunRequested) -> RunnableConfig:
    """The config of the checkpoint that the run branches off from; the newest without one."""
    if request.origin is None:
        return config
    place = {"checkpoint_id": request.origin.checkpoint_id, "checkpoint_ns": request.origin.namespace}
    return {**config, "configurable": {**config["configurable"], **place}}


def command_of(command: Mapping[str, Any]) -> Command[Any]:
    """LangGraph's command. Raises `ValueError` on a ``goto`` that is none."""
    return Command(
        resume=command.get("resume"),
        update=_update(command.get("update")),
        goto=_goto(command.get("goto")),
    )


def with_ids(given: Any, run_id: str, new_id: Any) -> Any:
    """An input whose messages all have ids, the same ones at every attempt.

    Args:
        new_id: gives the same id for the same texts, always.
    """
    if not isinstance(given, Mapping) or "messages" not in given:
        return given
    messages = given["messages"]
    if isinstance(messages, str):
        messages = {"type": "human", "content": messages}
    many = messages if isinstance(messages, list) else [messages]
    named = [
        {**message, "id": new_id(run_id, str(place))}
        if isinstance(message, Mapping) and not message.get("id")
        else message
        for place, message in enumerate(many)
    ]
    return {**given, "messages": named if isinstance(messages, list) else named[0]}


def _nodes(nodes: Nodes) -> str | list[str]:
    return nodes if isinstance(nodes, str) else list(nodes)


def _update(update: Any) -> Any:
    """A mapping, or pairs of names and values."""
    if isinstance(update, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in update):
        return [tuple(pair) for pair in update]
    return update


def _goto(goto: Any) -> Sequence[Send | str] | Send | str:
    match goto:
        case None:
            return ()
        case str():
            return goto
        case {"node": str(node)}:
            return Send(node, goto.get("input"))
        case list():
            return [one for part in goto if isinstance(one := _goto(part), Send | str)]
        case _:
            raise ValueError("command.goto must name nodes, or be {node, input}")
