"""A delivery that cannot be handled is tried again, and given up at its last; an outage gives nothing up."""

from typing import cast

import pytest

from contracts.envelope import Recorded
from contracts.events import Event, MessageReceived, Unrecognized
from eventlog.author import Author
from eventlog.codec import recorded
from eventlog.ports import Full, LogError, Unavailable
from eventlog.turns.deliveries import LAST_DELIVERY, Deliveries
from eventlog.turns.journal import Superseded
from eventlog.turns.work import Held

MESSAGE = MessageReceived(addressee="x", text="x", protocol="agent")
STRANGE = Unrecognized(name="message.received", data_version=99, reason="version 99 is unknown")


class Delivered:
    """A delivery, and what the server was told about it."""

    def __init__(self, event: Event, delivery: int) -> None:
        self.work = recorded(Author(source="test").envelope("talk", event), 7, 6)
        self.delivery = delivery
        self.told: list[str] = []

    async def done(self) -> None:
        self.told.append("done")

    async def give_back(self) -> None:
        self.told.append("given back")


class House:
    """A process that answers, or fails to."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.answered: list[bool] = []
        self.given_up: list[tuple[int, str]] = []
        self.deliveries = Deliveries(self.answer, self, takeover_after=1)

    async def answer(self, work: Recorded, again: bool) -> None:
        self.answered.append(again)
        if self.error:
            raise self.error

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


@pytest.mark.parametrize("error", [LogError("payload lost"), KeyError("fault")])
async def test_what_fails_is_tried_again_and_given_up_at_last(error: Exception) -> None:
    house = House(error)
    assert await house.handle(delivery=LAST_DELIVERY - 1) == []
    assert house.given_up == []
    assert await house.handle(delivery=LAST_DELIVERY) == ["done"]
    assert house.given_up == [(LAST_DELIVERY, str(error))]


@pytest.mark.parametrize("error", [Unavailable("away"), Full("maximum bytes"), Superseded("taken over")])
async def test_an_outage_or_a_takeover_gives_nothing_up(error: Exception) -> None:
    house = House(error)
    assert await house.handle(delivery=100 * LAST_DELIVERY) == []
    assert house.given_up == []


async def test_what_cannot_be_read_waits_for_a_release_that_can() -> None:
    house = House()
    assert await house.handle(STRANGE) == []
    assert house.answered == []
    await house.handle(STRANGE, delivery=LAST_DELIVERY)
    assert house.answered == [True]
