"""Messages and answers are taken once, however often and from how many sides they come."""

import asyncio
from typing import Literal

import pytest

from contracts.envelope import Recorded
from contracts.events import (
    AnswerReceived,
    CancelRequested,
    ConversationStarted,
    MessageReceived,
    Question,
    RunCompleted,
    RunInterrupted,
)
from eventlog.author import Author
from eventlog.memory import MemoryLog
from eventlog.turns.inbox import Inbox, Receipt
from eventlog.turns.refusals import Busy, NotRunning, NotWaiting, TooManyMessages
from eventlog.turns.standing import Seen

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
    question = RunInterrupted(
        run_id="r", message_sequence=2, questions=(Question(interrupt_id=interrupt_id, question="?"),)
    )
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


def text(text: str, on_busy: Literal["enqueue", "reject", "interrupt", "rollback"]) -> MessageReceived:
    return message(text).model_copy(update={"on_busy": on_busy})


async def end(log: MemoryLog, run_id: str, sequence: int) -> None:
    done = RunCompleted(run_id=run_id, message_sequence=sequence, text="done")
    await log.append([AUTHOR.envelope(KEY, done)], expected=await log.tail(KEY))


async def test_a_message_may_refuse_to_wait(log: MemoryLog, inbox: Inbox) -> None:
    first = await inbox.receive(KEY, text("one", "reject"), OPENING)
    with pytest.raises(Busy):
        await inbox.receive(KEY, text("two", "reject"), OPENING)
    assert len(await whole(log)) == 2
    await end(log, first.run_id, first.sequence)
    assert (await inbox.receive(KEY, text("two", "reject"), OPENING)).sequence == 4


@pytest.mark.parametrize(("on_busy", "rollback"), [("interrupt", False), ("rollback", True)])
async def test_a_message_may_cancel_what_runs_and_what_waits(
    log: MemoryLog, inbox: Inbox, on_busy: Literal["interrupt", "rollback"], rollback: bool
) -> None:
    done = await inbox.receive(KEY, message("zero"), OPENING)
    await end(log, done.run_id, done.sequence)
    runs = [(await inbox.receive(KEY, message(word), OPENING)).run_id for word in ("one", "two")]
    await inbox.receive(KEY, text("three", on_busy), OPENING)
    *cancels, last = (await whole(log))[-3:]
    assert [event.event for event in cancels] == [
        CancelRequested(run_id=run_id, rollback=rollback) for run_id in runs
    ]
    assert isinstance(last.event, MessageReceived)


async def test_cancelling_needs_a_run(log: MemoryLog, inbox: Inbox) -> None:
    with pytest.raises(NotRunning):
        await inbox.cancel(KEY)
    receipt = await inbox.receive(KEY, message("one"), OPENING)
    assert await inbox.cancel(KEY) == (receipt.run_id,)
    await end(log, receipt.run_id, receipt.sequence)
    with pytest.raises(NotRunning):
        await inbox.cancel(KEY)


async def test_a_question_is_open_until_somebody_speaks(log: MemoryLog, inbox: Inbox) -> None:
    assert await inbox.waiting(KEY) is None
    await inbox.receive(KEY, message("draft"), OPENING)
    assert await inbox.waiting(KEY) is None
    await ask(log, "i1")
    question = await inbox.waiting(KEY)
    assert question is not None
    assert (question.recorded.sequence, question.questions[0].interrupt_id) == (3, "i1")
    await inbox.receive(KEY, message("something else"), OPENING)
    assert await inbox.waiting(KEY) is None
    with pytest.raises(NotWaiting):
        await inbox.answer(KEY, answer("i1"))


async def test_an_answer_is_presented_as_the_message_asked(log: MemoryLog, inbox: Inbox) -> None:
    asking = message("draft").model_copy(update={"output_format": "report"})
    receipt = await inbox.receive(KEY, asking, OPENING)
    question = RunInterrupted(
        run_id=receipt.run_id,
        message_sequence=receipt.sequence,
        questions=(Question(interrupt_id="i1", question="?"),),
    )
    envelope = AUTHOR.envelope(KEY, question, correlation_id=receipt.run_id, causation_id=receipt.run_id)
    await log.append([envelope], expected=receipt.sequence)
    await inbox.answer(KEY, answer("i1"))
    told = (await whole(log))[-1]
    assert isinstance(told.event, AnswerReceived)
    assert told.event.output_format == "report"
    assert told.correlation_id == receipt.run_id


async def test_of_two_answers_at_once_that_differ_one_is_refused(log: MemoryLog, inbox: Inbox) -> None:
    await inbox.receive(KEY, message("draft"), OPENING)
    await ask(log, "i1")
    both = [inbox.answer(KEY, answer("i1", approve=approve)) for approve in (True, False)]
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotWaiting", "Receipt"]
    same = [inbox.answer(KEY, answer("i1")) for _ in range(5)]
    again = await asyncio.gather(*same, return_exceptions=True)
    assert len({outcome.run_id for outcome in again if isinstance(outcome, Receipt)}) == 1


async def test_no_more_messages_wait_than_are_allowed(log: MemoryLog) -> None:
    inbox = Inbox(log, AUTHOR, queued=2)
    first = await inbox.receive(KEY, message("one", "m1"), OPENING)
    await inbox.receive(KEY, message("two"), OPENING)
    with pytest.raises(TooManyMessages, match="2 messages of this conversation wait"):
        await inbox.receive(KEY, message("three"), OPENING)
    assert (await inbox.receive(KEY, message("one", "m1"), OPENING)).again, "which is no other message"
    await end(log, first.run_id, first.sequence)
    await inbox.receive(KEY, message("three"), OPENING)


async def test_what_was_seen_before_a_deletion_decides_nothing(log: MemoryLog, inbox: Inbox) -> None:
    first = await inbox.receive(KEY, message("one", "m1"), OPENING)
    start = await inbox.standing(KEY)
    old = Seen(first.sequence, start, 1)
    await inbox.delete(KEY)
    anew = await inbox.receive(KEY, message("one", "m1"), OPENING, seen=old)
    assert not anew.again, "it is another conversation"
    rejected = text("two", "reject")
    await end(log, anew.run_id, anew.sequence)
    assert not (await inbox.receive(KEY, rejected, OPENING, seen=old)).again
    full = Seen(await log.tail(KEY), await inbox.standing(KEY), unanswered=1000)
    assert not (await inbox.receive(KEY, message("three"), OPENING, seen=full)).again
