"""What is ready for a client leaves in one piece, and what is alone leaves alone."""

import asyncio

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from edge_rest.gathering import MOST, Gathering


async def taken(incoming: MemoryObjectReceiveStream[bytes]) -> bytes:
    async with asyncio.timeout(5):
        return await incoming.receive()


async def test_what_is_ready_leaves_together_and_nothing_waits_for_more() -> None:
    outgoing, incoming = anyio.create_memory_object_stream[bytes]()
    frames = Gathering(outgoing)
    passing = asyncio.create_task(frames.pass_on())
    await frames.send(b"first")
    assert await taken(incoming) == b"first"
    for frame in (b"a", b"b", b"c"):
        await frames.send(frame)
    assert await taken(incoming) == b"abc"
    await frames.send(b"last")
    await asyncio.gather(frames.flush(), taken(incoming))
    passing.cancel()
    outgoing.close()
    incoming.close()


async def test_who_does_not_read_holds_the_sender_up() -> None:
    outgoing, incoming = anyio.create_memory_object_stream[bytes]()
    frames = Gathering(outgoing)
    passing = asyncio.create_task(frames.pass_on())
    sent = 0

    async def send() -> None:
        nonlocal sent
        for _ in range(10):
            await frames.send(b"x" * MOST)
            sent += 1

    sending = asyncio.create_task(send())
    for _ in range(100):
        await asyncio.sleep(0)
    assert sent <= 4
    received = 0
    while received < 10 * MOST:
        received += len(await taken(incoming))
    await sending
    passing.cancel()
    outgoing.close()
    incoming.close()
