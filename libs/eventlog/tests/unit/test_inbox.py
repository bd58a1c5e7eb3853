"""Messages and answers are taken once, however often and from how many sides they come."""

import asyncio

import pytest

from contracts.envelope import Recorded
from contracts.events import AnswerReceived, ConversationStarted, MessageReceived, RunInterrupted
from eventlog.author import Author
from eventlog.inbox import Inbox, NotWaiting, Receipt
from eventlog.memory import MemoryLog

KEY = "대화 1"
AUTHOR = Author(source="test")
OPENING = ConversationStarted(responder_name="agent-runner", graph="planner", protocol="agent")


def message(text: str, message_id: str | None = None) -> MessageReceived:
    return MessageReceived(addressee="anyone", text=text, protocol="agent", message_id=message_id)


def answer(interrupt_id: str, *, approve: bool | None = True, response: str | None = None) -> AnswerReceived:
    return AnswerReceived(
        addressee="anyone", interrupt_id=interrupt_id, protocol="octo", approve=approve, response=response
    )


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog()


@pytest.fixture
def inbox(log: MemoryLog) -> Inbox:
    return Inbox(log, AUTHOR)


async def whole(log: MemoryLog) -> list[Recorded]:
    return [event async for event in log.read(KEY)]


async def ask(log: MemoryLog, interrupt_id: str) -> None:
    question = RunInterrupted(run_id="r", message_sequence=2, interrupt_id=interrupt_id, question="?")
    await log.append([AUTHOR.envelope(KEY, question)], expected=await log.tail(KEY))


async def test_the_first_message_opens_the_conversation(log: MemoryLog, inbox: Inbox) -> None:
    receipt = await inbox.receive(KEY, message("hello", "m1"), OPENING)
    events = await whole(log)
    assert [event.event.type for event in events] == ["conversation.started", "message.received"]
    assert isinstance(events[1].event, MessageReceived)
    assert events[1].event.addressee == "agent-runner"
    assert receipt == Receipt(events[1].id, events[1].sequence, again=False)


async def test_the_same_message_a_hundred_times_at_once_is_one(log: MemoryLog, inbox: Inbox) -> None:
    receipts = await asyncio.gather(
        *(inbox.receive(KEY, message("hello", "m1"), OPENING) for _ in range(100))
    )
    assert len({receipt.run_id for receipt in receipts}) == 1
    assert sum(not receipt.again for receipt in receipts) == 1
    assert len(await whole(log)) == 2


async def test_messages_without_an_id_are_all_different(log: MemoryLog, inbox: Inbox) -> None:
    for _ in range(3):
        await inbox.receive(KEY, message("hello"), OPENING)
    assert len(await whole(log)) == 4


async def test_after_deletion_the_key_begins_anew(log: MemoryLog, inbox: Inbox) -> None:
    first = await inbox.receive(KEY, message("hello", "m1"), OPENING)
    assert await inbox.delete(KEY)
    assert await inbox.standing(KEY) is None
    assert not await inbox.delete(KEY)
    second = await inbox.receive(KEY, message("hello", "m1"), OPENING)
    assert second.run_id != first.run_id
    assert not second.again


async def test_an_answer_is_taken_once(log: MemoryLog, inbox: Inbox) -> None:
    await inbox.receive(KEY, message("draft"), OPENING)
    await ask(log, "i1")
    receipts = await asyncio.gather(*(inbox.answer(KEY, answer("i1")) for _ in range(10)))
    assert len({receipt.run_id for receipt in receipts}) == 1
    with pytest.raises(NotWaiting):
        await inbox.answer(KEY, answer("i1", approve=False))


async def test_a_late_answer_does_not_answer_a_later_question(log: MemoryLog, inbox: Inbox) -> None:
    await inbox.receive(KEY, message("draft"), OPENING)
    with pytest.raises(NotWaiting):
        await inbox.answer(KEY, answer("i1"))
    await ask(log, "i1")
    await ask(log, "i2")
    with pytest.raises(NotWaiting):
        await inbox.answer(KEY, answer("i1"))
    assert not (await inbox.answer(KEY, answer("i2"))).again


async def test_nobody_answers_where_nothing_began(inbox: Inbox) -> None:
    with pytest.raises(NotWaiting):
        await inbox.answer(KEY, answer("i1"))
