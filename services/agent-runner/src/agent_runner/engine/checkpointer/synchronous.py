"""The checkpointer's synchronous calls, which nodes make that invoke a graph and do not await it.

From a thread of its own a call is handed to the event loop. On the loop's own thread it can only be answered
from memory, as everything within a run is; what would have to wait there is refused.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, Final, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
)

ResultT = TypeVar("ResultT")

WAIT_SECONDS: Final = 60.0
"""How long a thread waits for the loop."""


class SynchronousCalls(BaseCheckpointSaver[str]):
    """What LangGraph calls where it runs without a loop, by the methods that it awaits elsewhere."""

    def get_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """See `aget_tuple`."""
        return self._call(self.aget_tuple(config))

    def list(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,  # noqa: A002  # LangGraph's name for it
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> Iterator[CheckpointTuple]:
        """See `alist`."""

        async def listed() -> Sequence[CheckpointTuple]:
            return [found async for found in self.alist(config, filter=filter, before=before, limit=limit)]

        yield from self._call(listed())

    def put(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """See `aput`."""
        return self._call(self.aput(config, checkpoint, metadata, new_versions))

    def put_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """See `aput_writes`."""
        self._call(self.aput_writes(config, writes, task_id, task_path))

    def _learn_loop(self) -> None:
        """Remember on which loop this is made; elsewhere there is nobody to hand a call to."""
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def _call(self, call: Coroutine[Any, Any, ResultT]) -> ResultT:
        try:
            running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is None and self._loop is not None:
            return asyncio.run_coroutine_threadsafe(call, self._loop).result(WAIT_SECONDS)
        try:
            call.send(None)
        except StopIteration as done:
            result: ResultT = done.value
            return result
        call.close()
        raise RuntimeError("the checkpoint is not in memory: await ainvoke instead of calling invoke here")
