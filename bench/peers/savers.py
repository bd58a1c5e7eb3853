"""What one checkpoint costs with so many turns in its thread.

Run as ``python savers.py memory|postgres|parley ADDRESS TURNS…`` in the environment that has the saver.
Prints JSON: by turns, medians in milliseconds and KB a put. The words of a thread are random, so that no
database packs them small.
"""

import asyncio
import json
import os
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from statistics import median
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointMetadata, empty_checkpoint

PUTS = 20

Stored = Callable[[], Awaitable[int]]
"""Bytes that are stored."""


@asynccontextmanager
async def memory(_: str) -> AsyncIterator[tuple[BaseCheckpointSaver[Any], Stored]]:
    """LangGraph's own, which keeps nothing."""
    from langgraph.checkpoint.memory import InMemorySaver

    async def nothing() -> int:
        return 0

    yield InMemorySaver(), nothing


@asynccontextmanager
async def postgres(address: str) -> AsyncIterator[tuple[BaseCheckpointSaver[Any], Stored]]:
    """AsyncPostgresSaver over a pool."""
    from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
    from psycopg.rows import dict_row
    from psycopg_pool import AsyncConnectionPool

    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    size = (
        "SELECT sum(pg_total_relation_size(oid)) AS bytes FROM pg_class "
        "WHERE relname IN ('checkpoints', 'checkpoint_blobs', 'checkpoint_writes')"
    )
    async with AsyncConnectionPool(address, min_size=2, max_size=5, kwargs=options, open=False) as pool:

        async def stored() -> int:
            async with pool.connection() as connection:
                row = await (await connection.execute(size)).fetchone()
                return int(row["bytes"])

        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        yield saver, stored


@asynccontextmanager
async def parley(address: str) -> AsyncIterator[tuple[BaseCheckpointSaver[Any], Stored]]:
    """Checkpoints in the log, each appended by itself as it is put."""
    from agent_runner.engine.checkpointer import LogCheckpointSaver
    from contracts.events import REGISTERED, UPCASTERS
    from contracts.registry import Registry
    from eventlog.author import Author
    from eventlog.broker import Broker
    from eventlog.jetstream import JetStreamLog
    from eventlog.settings import NatsSettings

    settings = NatsSettings(url=address)
    broker = Broker(settings, "bench")
    await broker.start()

    async def stored() -> int:
        return int((await broker.client.jetstream().stream_info("LOG")).state.bytes)

    try:
        yield (
            LogCheckpointSaver(
                JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings), Author(source="bench")
            ),
            stored,
        )
    finally:
        await broker.stop()


def words() -> str:
    """Some 200 characters."""
    return os.urandom(100).hex()


async def measure(saver: BaseCheckpointSaver[Any], stored: Stored, turns: int) -> dict[str, float]:
    """Put, write and read with so many turns in the thread."""
    config: RunnableConfig = {"configurable": {"thread_id": str(uuid.uuid4()), "checkpoint_ns": ""}}
    newest = config
    messages: list[AnyMessage] = []
    for number in range(turns):
        messages += [HumanMessage(words(), id=f"h{number}"), AIMessage(words(), id=f"a{number}")]
    puts, writes, reads = [], [], []
    version, before = None, 0
    for number in range(PUTS + 1):
        version = saver.get_next_version(version, None)
        checkpoint = empty_checkpoint()
        messages = [*messages, AIMessage(words(), id=f"z{number}")]
        checkpoint["channel_values"] = {"messages": messages, "plan": "p"}
        checkpoint["channel_versions"] = {"messages": version, "plan": version}
        metadata: CheckpointMetadata = {"source": "loop", "step": number, "parents": {}}
        began = time.perf_counter()
        newest = await saver.aput(newest, checkpoint, metadata, checkpoint["channel_versions"])
        puts.append(time.perf_counter() - began)
        began = time.perf_counter()
        await saver.aput_writes(newest, [("messages", messages[-1]), ("plan", "p")], f"task {number}")
        writes.append(time.perf_counter() - began)
        began = time.perf_counter()
        assert await saver.aget_tuple(config)
        reads.append(time.perf_counter() - began)
        if number == 0:  # the whole thread came with this one
            puts, writes, reads, before = [], [], [], await stored()
    return {
        "aput_ms": 1000 * median(puts),
        "aput_writes_ms": 1000 * median(writes),
        "aget_tuple_ms": 1000 * median(reads),
        "kb_a_put": (await stored() - before) / 1000 / PUTS,
    }


async def main(kind: str, address: str, turns: list[int]) -> None:
    """Measure at each number of turns."""
    async with {"memory": memory, "postgres": postgres, "parley": parley}[kind](address) as (saver, stored):
        print(json.dumps({number: await measure(saver, stored, number) for number in turns}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], [int(each) for each in sys.argv[3:]]))
