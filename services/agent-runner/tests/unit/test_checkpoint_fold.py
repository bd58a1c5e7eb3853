"""Any sequence of updates, branches and removals folds to what LangGraph's own memory saver holds."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, Checkpoint, CheckpointTuple, empty_checkpoint
from langgraph.checkpoint.base.id import uuid6
from langgraph.checkpoint.memory import InMemorySaver

from agent_runner.engine.checkpointer import CheckpointSettings, LogCheckpointSaver
from contracts.envelope import Recorded
from eventlog.author import Author
from eventlog.memory import MemoryLog

AUTHOR = Author(source="test")

items = st.one_of(
    st.builds(HumanMessage, st.text(max_size=2)),
    st.one_of(st.integers(0, 3), st.booleans(), st.text(max_size=2)),
    st.fixed_dictionaries({"status": st.sampled_from(["open", "done"])}),
)
change = st.one_of(
    st.tuples(st.just("append"), items),
    st.tuples(st.just("replace"), st.lists(items, max_size=4)),
    st.tuples(st.just("drop"), st.integers(0, 5)),
    st.tuples(st.just("mutate"), st.integers(0, 2)),
    st.tuples(st.just("clear"), st.none()),
    st.tuples(st.just("value"), st.one_of(st.none(), st.text(max_size=3), st.binary(max_size=3))),
)
step = st.fixed_dictionaries(
    {
        "channels": st.dictionaries(st.sampled_from("ab"), change, min_size=1, max_size=2),
        "parent": st.sampled_from([0, 0, 0, 1, 2, 3]),
        "writes": st.lists(st.tuples(st.sampled_from("abc"), items), max_size=2),
        "forget": st.sampled_from([False, False, True]),
        "namespace": st.sampled_from(["", "", "", "sub:1"]),
    }
)


def updated(value: Any, kind: str, argument: Any) -> tuple[Any, Any]:
    """The channel's next value, `...` for none, and what was written; mutation is in place."""
    current = value if isinstance(value, list) else []
    match kind:
        case "append":
            return [*current, argument], [argument]
        case "drop":
            return current[:argument] + current[argument + 1 :], []
        case "mutate":
            written = current[argument : argument + 1]
            for item in written:
                if isinstance(item, dict):
                    item["status"] = "mutated"
                elif isinstance(item, HumanMessage):
                    item.content = f"{item.content}!"
            return current, written
        case "clear":
            return ..., None
        case _:
            return argument, argument


async def put(
    saver: BaseCheckpointSaver[str], step: dict[str, Any], checkpoint_id: str, parent: str | None
) -> None:
    """One super-step on top of `parent`, with values as the saver gives them back."""
    config: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": step["namespace"]}}
    if parent:
        config["configurable"]["checkpoint_id"] = parent
    saved = await saver.aget_tuple(config) if parent else None
    base: Checkpoint = saved.checkpoint if saved else empty_checkpoint()
    values, versions = dict(base["channel_values"]), dict(base["channel_versions"])
    new_versions: dict[str, str | int | float] = {}
    written = []
    for channel, (kind, argument) in step["channels"].items():
        value, write = updated(values.pop(channel, ...), kind, argument)
        written.append((channel, write))
        if value is not ...:
            values[channel] = value
        # Both savers are given the same versions, so that they can be compared.
        new_versions[channel] = versions[channel] = f"{checkpoint_id}.{channel}"
    if parent:
        await saver.aput_writes(config, written, checkpoint_id, "led here")
    checkpoint: Checkpoint = {
        **base,
        "ts": "2025-11-03T16:00:00+00:00",
        "id": checkpoint_id,
        "channel_values": values,
        "channel_versions": versions,
    }
    stored = await saver.aput(config, checkpoint, {"source": "loop", "step": 0, "parents": {}}, new_versions)
    if step["writes"]:
        await saver.aput_writes(stored, step["writes"], "task", "path")


async def all_of(saver: BaseCheckpointSaver[str]) -> list[CheckpointTuple]:
    return [
        item
        for namespace in ("", "sub:1")
        async for item in saver.alist({"configurable": {"thread_id": "t", "checkpoint_ns": namespace}})
    ]


async def put_staged(
    log: MemoryLog, saver: LogCheckpointSaver, step: dict[str, Any], checkpoint_id: str, parent: str | None
) -> None:
    """The same as a run does it, which shares objects with the saver."""
    tail = await log.tail("t")
    with saver.staging("t", tail=tail) as stage:
        await put(saver, step, checkpoint_id, parent)
        envelopes = [AUTHOR.envelope("t", event) for event in stage.leftovers()]
        stage.committed(await log.append(envelopes, expected=tail))


async def both(steps: list[dict[str, Any]], snapshot_after: int, staged: bool) -> None:
    log, memory = MemoryLog(), InMemorySaver()
    limits = CheckpointSettings(snapshot_after=snapshot_after)
    saver = LogCheckpointSaver(log, AUTHOR, limits)
    ids: dict[str, list[str]] = {"": [], "sub:1": []}
    for number, one in enumerate(steps):
        known = ids[one["namespace"]]
        parent = known[-1 - one["parent"] % len(known)] if known else None
        checkpoint_id = str(uuid6(clock_seq=number))
        if one["forget"]:
            saver.forget("t")
        if staged:
            await put_staged(log, saver, one, checkpoint_id, parent)
        else:
            await put(saver, one, checkpoint_id, parent)
        await put(memory, one, checkpoint_id, parent)
        known.append(checkpoint_id)
        newest: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": one["namespace"]}}
        assert await saver.aget_tuple(newest) == await memory.aget_tuple(newest)
    assert await all_of(LogCheckpointSaver(log, AUTHOR)) == await all_of(memory)
    assert await all_of(saver) == await all_of(memory)


@settings(max_examples=120, deadline=None)
@given(st.lists(step, min_size=2, max_size=14), st.sampled_from([1, 3, 64]), st.booleans())
def test_the_log_holds_what_memory_holds(
    steps: list[dict[str, Any]], snapshot_after: int, staged: bool
) -> None:
    asyncio.run(both(steps, snapshot_after, staged))


class HeldLog(MemoryLog):
    """A log whose reads wait at a gate, where there is one."""

    def __init__(self) -> None:
        super().__init__()
        self.gate: asyncio.Event | None = None
        self.reached = asyncio.Event()

    async def read(self, *args: Any, **kwargs: Any) -> AsyncIterator[Recorded]:
        """See `ports.Log.read`."""
        if self.gate:
            self.reached.set()
            await self.gate.wait()
        async for each in super().read(*args, **kwargs):
            yield each


async def test_what_is_committed_while_a_thread_is_read_is_in_it() -> None:
    log = HeldLog()
    step = {"channels": {"a": ("value", "x")}, "writes": [], "namespace": ""}
    first, second, third = (str(uuid6(clock_seq=number)) for number in range(3))
    await put_staged(log, LogCheckpointSaver(log, AUTHOR), step, first, None)
    await put_staged(log, LogCheckpointSaver(log, AUTHOR), step, second, first)
    saver, tail = LogCheckpointSaver(log, AUTHOR), await log.tail("t")
    with saver.staging("t", tail=tail) as stage:
        await put(saver, step, third, second)
        envelopes = [AUTHOR.envelope("t", event) for event in stage.leftovers()]
        log.gate = asyncio.Event()
        below: RunnableConfig = {"configurable": {"thread_id": "t", "checkpoint_ns": "sub:1"}}
        reading = asyncio.create_task(saver.aget_tuple(below))
        await log.reached.wait()
        stage.committed(await log.append(envelopes, expected=tail))
        log.gate.set()
        assert await reading is None
        newest = await saver.aget_tuple({"configurable": {"thread_id": "t", "checkpoint_ns": ""}})
        assert newest
        assert newest.checkpoint["id"] == third
        assert stage.is_clean
