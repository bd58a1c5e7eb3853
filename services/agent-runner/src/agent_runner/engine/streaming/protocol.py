"""LangGraph's own event streaming (``astream_events(version="v3")``), as frames ``method|namespace``
of the whole events."""

from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar, Final

from langchain_core._api.beta_decorator import suppress_langchain_beta_warning
from langchain_core.runnables import RunnableConfig
from langgraph.prebuilt import ToolCallTransformer
from langgraph.stream import (
    CustomTransformer,
    ProtocolEvent,
    StreamTransformer,
    UpdatesTransformer,
)

from agent_runner.engine.catalogue import Compiled
from agent_runner.engine.streaming.encoding import as_text, condensed
from agent_runner.engine.streaming.modes import WATCHED, Part
from agent_runner.engine.streaming.recorder import Recorder
from contracts.live import frame_id

_CHANNELS: Final = (UpdatesTransformer, CustomTransformer, ToolCallTransformer)
"""What every graph streams, even one that was compiled without."""


class Protocol:
    """Streams a run by the events of LangGraph's streaming protocol."""

    def __init__(self, recorder: Recorder, message_sequence: int, attempt: int) -> None:
        """`message_sequence` and `attempt` are the run's; the ids of its events are made of them."""
        self._recorder = recorder
        self._message_sequence = message_sequence
        self._attempt = attempt

    async def parts(
        self, graph: Compiled, given: Any, config: RunnableConfig, options: Mapping[str, Any]
    ) -> AsyncIterator[Part]:
        """What the graphs' tasks and checkpoints come to; every event is shown on the way."""
        seen: deque[ProtocolEvent] = deque()
        has = set(graph.stream_transformers)
        with suppress_langchain_beta_warning():
            run = await graph.astream_events(
                given,
                config,
                version="v3",
                transformers=[
                    lambda scope: _Watch(scope, seen),
                    *(channel for channel in _CHANNELS if channel not in has),
                ],
                **options,
            )
        async with run:
            async for event in run:
                for part in self._watched(seen):
                    yield part
                if event["method"] not in WATCHED:
                    self._show(event)
            for part in self._watched(seen):
                yield part

    def _watched(self, seen: deque[ProtocolEvent]) -> list[Part]:
        """The tasks and checkpoints since the last event."""
        parts: list[Part] = []
        while seen:
            event = seen.popleft()
            method, params = event["method"], event["params"]
            data = params["data"]
            parts.append((tuple(params["namespace"]), method, data))
            if method == "checkpoints":
                data = _checkpoint(data)
            self._show({**event, "params": {**params, "data": data}})
        return parts

    def _show(self, event: ProtocolEvent) -> None:
        method, params = event["method"], event["params"]
        data, namespace = params["data"], params["namespace"]
        if method == "messages":
            data = data[0]
        elif method == "lifecycle":
            namespace = data.get("namespace", namespace)
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
    """Sees all tasks and checkpoints before other transformers may keep them to themselves."""

    required_stream_modes: ClassVar[tuple[str, ...]] = WATCHED
    before_builtins: ClassVar[bool] = True

    def __init__(self, scope: tuple[str, ...], seen: deque[ProtocolEvent]) -> None:
        super().__init__(scope)
        self._seen = seen

    def init(self) -> dict[str, Any]:
        """Nothing to hand out."""
        return {}

    def process(self, event: ProtocolEvent) -> bool:
        """Take note, once for all scopes."""
        if not self.scope and event["method"] in WATCHED:
            self._seen.append(event)
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
