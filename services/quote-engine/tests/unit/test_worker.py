"""Whose message is answered, when and how often, over a log in memory."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from contracts.envelope import Recorded
from contracts.events import (
    CancelRequested,
    ConversationDeleted,
    ConversationStarted,
    Event,
    MessageReceived,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunStarted,
)
from contracts.events.quote import StageAnswered
from eventlog.author import Author
from eventlog.memory import MemoryLive, MemoryLog
from eventlog.turns.journal import Superseded
from protocols.quote.wire import tokens
from quote_engine.collection import load_collection
from quote_engine.domain.guidance import Guidance, Turn
from quote_engine.settings import QuoteSettings
from quote_engine.worker import Worker

KEY = "user:1"
AUTHOR = Author(source="test")


@dataclass
class House:
    """A log and the workers over it, which are also their own neighbours."""

    log: MemoryLog = field(default_factory=MemoryLog)
    live: MemoryLive = field(default_factory=MemoryLive)
    given_up: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def worker(self, listener: "Interrupting | None" = None, attempts: int = 5) -> Worker:
        settings = QuoteSettings(max_attempts=attempts)
        return Worker(self.log, self.live, AUTHOR, load_collection(), self, None, listener, self, settings)

    async def last_quotations(self, user_id: str) -> Collection[str]:
        self.asked.append(user_id)
        return ()

    async def put(self, work: Recorded, reason: str) -> None:
        self.given_up.append(reason)

    async def append(self, *events: Event) -> Recorded:
        envelopes = [AUTHOR.envelope(KEY, event) for event in events]
        return (await self.log.append(envelopes, expected=await self.log.tail(KEY)))[-1]

    async def open(self) -> None:
        await self.append(
            ConversationStarted(responder_name="quote-engine", protocol="quote", user_id="user")
        )

    async def say(self, text: str = "힘들어요") -> Recorded:
        return await self.append(MessageReceived(addressee="quote-engine", text=text, protocol="quote"))

    async def events(self) -> list[Event]:
        return [recorded.event async for recorded in self.log.read(KEY)]

    async def stages(self) -> list[int]:
        return [event.stage for event in await self.events() if isinstance(event, StageAnswered)]


@dataclass
class Interrupting:
    """A chat model during whose answer something else is appended."""

    house: House
    event: Event

    async def listen(self, turns: Sequence[Turn]) -> Guidance:
        await self.house.append(self.event)
        return Guidance(
            crisis=False, emotion="joy", theme="work", category="hope", said="일", reply="어떠세요?"
        )


async def test_a_talk_by_one_process_and_by_four_is_the_same() -> None:
    alone, relay = House(), House()
    one = alone.worker()
    for house in (alone, relay):
        await house.open()
        for text in ("회사가 힘들어요", "야근해요", "지쳐요", "쉬고 싶어요"):
            await (one if house is alone else house.worker()).answer(await house.say(text))
        assert await house.stages() == [1, 2, 3, 4]
        assert house.asked == ["user"], "only where a quotation is due"
    texts = [
        [event.text for event in await house.events() if isinstance(event, RunCompleted)]
        for house in (alone, relay)
    ]
    assert texts[0] == texts[1]


async def test_tokens_are_the_reply() -> None:
    house = House()
    await house.open()
    work = await house.say()
    await house.worker().answer(work)
    (completed,) = [event for event in await house.events() if isinstance(event, RunCompleted)]
    async with house.live.listen(KEY, replay=True) as deltas:
        spoken = [await anext(deltas) for _ in tokens(completed.text)]
    assert "".join(delta.data for delta in spoken) == completed.text
    assert {(delta.run_id, delta.attempt) for delta in spoken} == {(work.id, 1)}


async def test_messages_are_answered_in_order_whoever_comes_first() -> None:
    house = House()
    await house.open()
    works = [await house.say(f"말 {number}") for number in range(4)]
    worker = house.worker()
    await asyncio.gather(*(worker.answer(work) for work in reversed(works)))
    runs = [event.run_id for event in await house.events() if isinstance(event, RunCompleted)]
    assert runs == [work.id for work in works]


async def test_what_is_answered_is_not_answered_again() -> None:
    house = House()
    await house.open()
    work = await house.say()
    first = house.worker()
    for worker in (first, first, house.worker()):
        await worker.answer(work)
    assert await house.stages() == [1]


async def test_a_takeover_counts_on_and_is_given_up_in_the_end() -> None:
    house = House()
    await house.open()
    work = await house.say()
    await house.append(RunStarted(run_id=work.id, message_sequence=work.sequence, attempt=2))
    await house.worker(attempts=3).answer(work)
    assert [event.attempt for event in await house.events() if isinstance(event, StageAnswered)] == [3]
    other = await house.say()
    await house.append(RunStarted(run_id=other.id, message_sequence=other.sequence, attempt=3))
    await house.worker(attempts=3).answer(other)
    assert isinstance((await house.events())[-1], RunFailed)
    assert house.given_up == ["given up after 3 attempts"]


async def test_who_was_taken_over_writes_nothing_more() -> None:
    house = House()
    await house.open()
    work = await house.say()
    stronger = RunStarted(run_id=work.id, message_sequence=work.sequence, attempt=2)
    with pytest.raises(Superseded):
        await house.worker(Interrupting(house, stronger)).answer(work)
    assert (await house.events())[-1] == stronger


async def test_a_conversation_deleted_meanwhile_stays_deleted() -> None:
    house = House()
    await house.open()
    work = await house.say()
    await house.worker(Interrupting(house, ConversationDeleted())).answer(work)
    assert isinstance((await house.events())[-1], ConversationDeleted)


async def test_a_run_that_is_cancelled_meanwhile_ends_so() -> None:
    house = House()
    await house.open()
    work = await house.say()
    await house.worker(Interrupting(house, CancelRequested(run_id=work.id))).answer(work)
    assert isinstance((await house.events())[-1], RunCancelled)
    await house.worker().answer(await house.say())
    assert await house.stages() == [1]


async def test_a_deleted_conversation_is_not_answered() -> None:
    house = House()
    await house.open()
    work = await house.say()
    await house.append(ConversationDeleted())
    await house.worker().answer(work)
    assert await house.stages() == []
