"""LangGraph's own event streaming (``astream_events(version="v3")``), as frames ``method|namespace``
of the whole events."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, Final

from langchain_core._api.beta_decorator import suppress_langchain_beta_warning
from langchain_core.runnables import RunnableConfig
from langgraph.prebuilt import ToolCallTransformer
from langgraph.stream import (
    CustomTransformer,
    ProtocolEvent,
    StreamChannel,
    StreamTransformer,
    UpdatesTransformer,
)

from agent_runner.engine.catalogue import Compiled
from agent_runner.engine.faults import UNTOLD
from agent_runner.engine.streaming.encoding import as_text, condensed, give_ids
from agent_runner.engine.streaming.modes import WATCHED, Part
from agent_runner.engine.streaming.naming import NAMING, Naming
from agent_runner.engine.streaming.recorder import Recorder
from contracts.live import frame_id

_CHANNELS: Final = (UpdatesTransformer, CustomTransformer, ToolCallTransformer)
"""What every graph streams, even one that was compiled without."""
_WATCHED: Final = "parley_watched"
_WATCH: Final = f"custom:{_WATCHED}"
"""The method of what comes by a transformer's own channel of that name."""


class Protocol:
    """Streams a run by the events of LangGraph's streaming protocol."""

    def __init__(self, recorder: Recorder, run_id: str, message_sequence: int, attempt: int) -> None:
        """`message_sequence` and `attempt` are the run's; the ids of its events are made of them."""
        self._recorder = recorder
        self._naming = Naming(run_id)
        self._message_sequence = message_sequence
        self._attempt = attempt

    async def parts(
        self, graph: Compiled, given: Any, config: RunnableConfig, options: Mapping[str, Any]
    ) -> AsyncIterator[Part]:
        """What the graphs' tasks and checkpoints come to; every event is shown on the way."""
        NAMING.set(self._naming)
        has = set(graph.stream_transformers)
        with suppress_langchain_beta_warning():
            run = await graph.astream_events(
                given,
                config,
                version="v3",
                transformers=[
                    _Watch,
                    *(channel for channel in _CHANNELS if channel not in has),
                ],
                **options,
            )
        async with run:
            async for event in run:
                if event["method"] == _WATCH:
                    watched = event["params"]["data"]
                    yield self._part(watched)
                elif event["method"] not in WATCHED:
                    self._show(event)

    def _part(self, event: ProtocolEvent) -> Part:
        """A task or a checkpoint, shown as well."""
        method, params = event["method"], event["params"]
        data = params["data"]
        shown = _checkpoint(data) if method == "checkpoints" else data
        self._show({**event, "params": {**params, "data": shown}})
        return tuple(params["namespace"]), method, data

    def _show(self, event: ProtocolEvent) -> None:
        method, params = event["method"], event["params"]
        data, namespace = params["data"], params["namespace"]
        if method == "messages":
            data = data[0]
            if not isinstance(data, Mapping):
                return  # a message that no model has streamed: clients have it of the values
        elif method == "lifecycle":
            namespace = data.get("namespace", namespace)
            if namespace and "graph_name" not in data:
                data = {**data, "graph_name": namespace[-1].partition(":")[0]}
        elif method == "tools" and "message" in data and (say := UNTOLD.get()):
            data = {**data, "message": say(RuntimeError(data["message"]))}
        elif method.startswith("custom:"):
            method, _, name = method.partition(":")
            data = {"name": name, "payload": data}
        give_ids(data)
        number = frame_id(self._message_sequence, self._attempt, self._recorder.next)
        whole = {
            "type": "event",
            "event_id": str(number),
            "seq": number,
            "method": method,
            "params": {
                "namespace": namespace,
                "timestamp": params["timestamp"],
                "data": condensed(data),
            },
        }
        self._recorder.show("|".join((method, *namespace)), as_text(whole))


class _Watch(StreamTransformer):
    """Hands out all tasks and checkpoints as they come, which other transformers keep to themselves."""

    required_stream_modes: ClassVar[tuple[str, ...]] = WATCHED
    before_builtins: ClassVar[bool] = True

    def __init__(self, scope: tuple[str, ...]) -> None:
        super().__init__(scope)
        self._seen: StreamChannel[ProtocolEvent] = StreamChannel(_WATCHED)

    def init(self) -> dict[str, Any]:
        """The channel, whose items come between LangGraph's own events."""
        return {_WATCHED: self._seen}

    def process(self, event: ProtocolEvent) -> bool:
        """Take note, once for all scopes."""
        if not self.scope and event["method"] in WATCHED:
            self._seen.push(event)
        return True


def _checkpoint(data: Mapping[str, Any]) -> dict[str, Any]:
    """A checkpoint as the protocol tells it: where to go back to."""
    parent = data.get("parent_config") or {}
    metadata = data["metadata"]
    return {
        "id": data["config"]["configurable"]["checkpoint_id"],
        "parent_id": parent.get("configurable", {}).get("checkpoint_id"),
        "step": metadata.get("step"),
        "source": metadata.get("source"),
    }
