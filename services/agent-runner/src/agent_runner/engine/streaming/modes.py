"""LangGraph's stream modes as frames ``mode`` or ``mode|namespace``, in the order in which it yields them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from langchain_core.messages import BaseMessage, BaseMessageChunk, message_chunk_to_message
from langchain_core.runnables import RunnableConfig

from agent_runner.engine.catalogue import Compiled
from agent_runner.engine.streaming.encoding import as_text, give_ids
from agent_runner.engine.streaming.recorder import Recorder

Part: TypeAlias = tuple[tuple[str, ...], str, Any]
"""Of a graph by its namespace, empty for the root: a mode and what it yielded."""

WATCHED: Final = ("tasks", "checkpoints")
"""What the run itself goes by, whatever is shown."""

_LANGGRAPH: Final = {"messages-tuple": "messages"}
_CONFIG_SHOWN: Final = ("configurable", "tags", "recursion_limit")


class Modes:
    """Streams a run by the modes that were asked for."""

    def __init__(
        self,
        asked: Sequence[str],
        recorder: Recorder | None,
        *,
        subgraphs: bool = False,
        watched: Sequence[str] = WATCHED,
    ) -> None:
        """Without a recorder nothing is shown; `watched` is what the run itself is told."""
        self._watched = watched
        self._asked = frozenset(asked)
        self._recorder = recorder
        self._subgraphs = subgraphs
        self._so_far: dict[str, BaseMessage] = {}
        """What was said of the messages in the making, by their ids."""
        self._introduced: set[str] = set()

    async def parts(
        self, graph: Compiled, given: Any, config: RunnableConfig, options: Mapping[str, Any]
    ) -> AsyncIterator[Part]:
        """What the graphs' tasks and checkpoints come to; all that was asked for is shown on the way."""
        modes = {_LANGGRAPH.get(mode, mode) for mode in self._asked - {"events"}}
        wanted = {
            "stream_mode": sorted(modes.union(self._watched)),
            "subgraphs": True,
            "output_keys": graph.output_channels,  # what the graph keeps to itself is not streamed either
            **options,
        }
        stream = self._by_events if "events" in self._asked else self._by_chunks
        async for namespace, mode, data in stream(graph, given, config, wanted):
            if self._recorder and (self._subgraphs or not namespace or mode == "custom"):
                self._show(self._recorder, namespace if self._subgraphs else (), mode, data)
            if mode in self._watched:
                yield namespace, mode, data

    async def _by_chunks(
        self, graph: Compiled, given: Any, config: RunnableConfig, wanted: Mapping[str, Any]
    ) -> AsyncIterator[tuple[tuple[str, ...], str, Any]]:
        chunks: AsyncIterator[Any] = graph.astream(given, config, **wanted)
        async for chunk in chunks:
            yield chunk

    async def _by_events(
        self, graph: Compiled, given: Any, config: RunnableConfig, wanted: Mapping[str, Any]
    ) -> AsyncIterator[tuple[tuple[str, ...], str, Any]]:
        """By LangChain's events, of which the root's chunks are the modes."""
        async for event in graph.astream_events(given, config, version="v2", **wanted):
            if event["event"] == "on_chain_stream" and not event["parent_ids"]:
                yield event["data"]["chunk"]
            elif self._recorder:
                self._recorder.show("events", as_text(event))

    def _show(self, recorder: Recorder, namespace: tuple[str, ...], mode: str, data: Any) -> None:
        suffix = "".join(f"|{part}" for part in namespace)
        if mode == "messages":
            if "messages-tuple" in self._asked:
                recorder.show(f"messages{suffix}", as_text(data))
            if "messages" in self._asked:
                self._show_message(recorder, suffix, *data)
        elif mode in self._asked:
            give_ids(data)
            recorder.show(f"{mode}{suffix}", as_text(_presentable(mode, data)))

    def _show_message(
        self, recorder: Recorder, suffix: str, message: BaseMessage, metadata: Mapping[str, Any]
    ) -> None:
        """A message as far as it has come, its metadata once before."""
        identity = str(message.id)
        if identity not in self._introduced:
            self._introduced.add(identity)
            recorder.show(f"messages/metadata{suffix}", as_text({identity: {"metadata": metadata}}))
        if not isinstance(message, BaseMessageChunk):
            recorder.show(f"messages/complete{suffix}", as_text([message]))
            return
        before = self._so_far.get(identity)
        whole = message if before is None else before + message
        if isinstance(whole, BaseMessageChunk):
            self._so_far[identity] = whole
            recorder.show(f"messages/partial{suffix}", as_text([message_chunk_to_message(whole)]))


def _presentable(mode: str, data: Any) -> Any:
    """What a mode yielded, without the run's own machinery in its configs."""
    if mode == "debug":
        return data | {"payload": _presentable(data["type"], data["payload"])}
    if mode not in ("checkpoints", "checkpoint") or not isinstance(data, dict):
        return data
    shown = {name: _config(data[name]) for name in ("config", "parent_config") if data.get(name)}
    tasks = [
        task | {"state": _config(task["state"])} if task.get("state") else task for task in data["tasks"]
    ]
    return data | shown | {"tasks": tasks}


def _config(config: Any) -> Any:
    """What of a config names the checkpoint and the caller's own settings."""
    if not isinstance(config, Mapping) or "configurable" not in config:
        return config
    kept = {name: config[name] for name in _CONFIG_SHOWN if config.get(name)}
    named = {key: item for key, item in config["configurable"].items() if not str(key).startswith("__")}
    return kept | {"configurable": named}
