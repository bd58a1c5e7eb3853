"""What is written in one turn of the loop goes out as one, in order, and before the end."""

import asyncio

from edge_ws.gathering import MOST, Gathering


class Wire(asyncio.Transport):
    """Keeps each write, and when it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


def gathering() -> tuple[Gathering, Wire]:
    wire = Wire()
    return Gathering(wire, asyncio.get_running_loop()), wire


async def test_what_is_written_in_one_turn_goes_out_as_one() -> None:
    transport, wire = gathering()
    for part in (b"one ", b"two ", b"three"):
        transport.write(part)
    assert wire.writes == []
    await asyncio.sleep(0)
    assert wire.writes == [b"one two three"]
    transport.write(b"four")
    await asyncio.sleep(0)
    assert wire.writes == [b"one two three", b"four"]


async def test_what_was_written_goes_out_before_the_end() -> None:
    transport, wire = gathering()
    transport.write(b"last words")
    transport.close()
    assert wire.writes == [b"last words"]
    assert wire.closed
    await asyncio.sleep(0)
    assert wire.writes == [b"last words"]


async def test_nothing_goes_out_after_an_abort() -> None:
    transport, wire = gathering()
    transport.write(b"too late")
    transport.abort()
    await asyncio.sleep(0)
    assert wire.writes == []


async def test_much_is_not_kept_until_the_turn_has_ended() -> None:
    transport, wire = gathering()
    transport.write(b"x" * MOST)
    transport.write(b"y")
    assert b"".join(wire.writes) == b"x" * MOST + b"y"
    await asyncio.sleep(0)
    assert len(wire.writes) == 1
