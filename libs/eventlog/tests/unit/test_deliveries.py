"""A delivery that cannot be handled is tried again, and given up at its last; an outage gives nothing up."""

import asyncio
from collections.abc import Callable
from typing import ClassVar, cast

import pytest

from contracts.envelope import Recorded
from contracts.events import Event, MessageReceived, Unrecognized
from eventlog.author import Author
from eventlog.codec import recorded
from eventlog.ports import Full, LogError, Unavailable
from eventlog.turns.deliveries import HELD_PER_PLACE, LAST_DELIVERY, Deliveries
from eventlog.turns.journal import Superseded
from eventlog.turns.responder import Stopped, Unanswered
from eventlog.turns.work import Held

MESSAGE = MessageReceived(addressee="x", text="x", protocol="agent")
STRANGE = Unrecognized(name="message.received", data_version=99, reason="version 99 is unknown")


class Delivered:
    """A delivery, and what the server was told about it."""

    def __init__(self, event: Event = MESSAGE, delivery: int = 1) -> None:
        self.recorded = recorded(Author(source="test").envelope("talk", event), 7, 6)
        self.sequence = 7
        self.delivery = delivery
        self.is_first = True
        self.told: list[str] = []

    async def work(self) -> Recorded:
        return self.recorded

    async def done(self) -> None:
        self.told.append("done")

    async def give_back(self) -> None:
        self.told.append("given back")


class House:
    """A process that answers, or fails to."""

    heads: ClassVar[dict[str, int]] = {}

    def __init__(self, error: Exception | None = None, *, needed: bool = False) -> None:
        self.error = error
        self.needed = needed
        self.answered: list[bool] = []
        self.given_up: list[tuple[int, str]] = []
        self.deliveries = Deliveries(self, self, takeover_after=1, places=4)
        self.go = asyncio.Event()
        self.go.set()
        self.go_on: list[Callable[[], None]] = []

    async def answer(self, work: Recorded, again: bool = False, *, goes_on: Callable[[], None]) -> bool:
        self.answered.append(again)
        self.go_on.append(goes_on)
        await self.go.wait()
        match self.error:
            case None:
                return not self.needed
            case Unavailable() | Full() | Superseded() | Stopped():
                raise self.error
            case _ if self.given_up:
                return True
            case _:
                raise Unanswered(work) from self.error

    def stop(self) -> None:
        raise AssertionError("nobody ends it")

    async def give_up(self, work: Recorded, attempt: int, reason: str) -> None:
        self.given_up.append((attempt, reason))

    async def handle(self, event: Event = MESSAGE, *, delivery: int = 1) -> list[str]:
        delivered = Delivered(event, delivery)
        self.deliveries.take(cast("Held", delivered))
        await self.deliveries._drain()
        return delivered.told


async def test_what_is_answered_is_done_with() -> None:
    house = House()
    assert await house.handle() == ["done"]
    assert await house.handle(delivery=2) == ["done"]
    assert house.answered == [False, True]


async def test_what_is_still_needed_is_left_open() -> None:
    assert await House(needed=True).handle() == []


@pytest.mark.parametrize("error", [LogError("payload lost"), KeyError("fault")])
async def test_what_fails_is_tried_again_and_given_up_at_last(error: Exception) -> None:
    house = House(error)
    assert await house.handle(delivery=LAST_DELIVERY - 1) == []
    assert house.given_up == []
    assert await house.handle(delivery=LAST_DELIVERY) == ["done"]
    assert house.given_up == [(LAST_DELIVERY, str(error))]
    assert house.answered == [True, True, True], "what waited behind it is answered"


@pytest.mark.parametrize("error", [Unavailable("away"), Full("maximum bytes"), Superseded("taken over")])
async def test_an_outage_or_a_takeover_gives_nothing_up(error: Exception) -> None:
    house = House(error)
    assert await house.handle(delivery=100 * LAST_DELIVERY) == []
    assert house.given_up == []


async def test_what_waits_when_this_process_ends_is_given_back() -> None:
    assert await House(Stopped()).handle() == ["given back"]


async def test_what_cannot_be_read_waits_for_a_release_that_can() -> None:
    house = House()
    assert await house.handle(STRANGE) == []
    assert house.answered == []
    await house.handle(STRANGE, delivery=LAST_DELIVERY)
    assert house.answered == [True]


async def test_no_more_is_taken_than_there_are_places_for() -> None:
    house = House()
    house.go.clear()
    places = house.deliveries.free
    for taken in range(places):
        assert house.deliveries.free == places - taken
        house.deliveries.take(cast("Held", Delivered()))
    assert house.deliveries.free == 0
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for goes_on in house.go_on:
        goes_on()
    assert house.deliveries.free == places, "those whose next message waits take no place from others"
    for _ in range(places * (HELD_PER_PLACE - 1)):
        house.deliveries.take(cast("Held", Delivered()))
    assert house.deliveries.free == 0
    house.go.set()
    await house.deliveries._drain()
    await asyncio.sleep(0)
    assert house.deliveries.free == places
