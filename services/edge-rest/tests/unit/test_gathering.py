"""What is ready for a client leaves in one piece, and what is alone leaves alone."""

import asyncio

from edge_rest.gathering import MOST, Gathering


async def test_what_is_ready_leaves_together_and_nothing_waits_for_more() -> None:
    frames = Gathering()
    pieces = frames.pieces()
    await frames.send(b"first")
    assert await anext(pieces) == b"first"
    for frame in (b"a", b"b", b"c"):
        await frames.send(frame)
    assert await anext(pieces) == b"abc"
    await frames.send(b"last")
    frames.end()
    assert [piece async for piece in pieces] == [b"last"]


async def test_a_silent_stream_ends() -> None:
    frames = Gathering()
    reading = asyncio.create_task(_all(frames))
    await asyncio.sleep(0)
    frames.end()
    assert await reading == b""


async def test_who_does_not_read_holds_the_sender_up() -> None:
    frames = Gathering()
    sent = 0

    async def send() -> None:
        nonlocal sent
        for _ in range(10):
            await frames.send(b"x" * MOST)
            sent += 1
        frames.end()

    sending = asyncio.create_task(send())
    for _ in range(100):
        await asyncio.sleep(0)
    assert sent == 2
    assert len(await _all(frames)) == 10 * MOST
    await sending


async def _all(frames: Gathering) -> bytes:
    async with asyncio.timeout(30):
        return b"".join([piece async for piece in frames.pieces()])
