"""Runs that begin later: asked for, known when asked for again, begun once, cancelled before."""

import asyncio
from typing import Any

import pytest

from contracts.events import ConversationStarted, MessageReceived, RunRequested, RunScheduled
from eventlog.author import Author
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox
from eventlog.turns.refusals import NotRunning

OPENING = ConversationStarted(responder_name="agent-runner", graph="g", protocol="langgraph")
LATER = "2030-01-01T00:00:00.000000Z"


def request(**more: Any) -> RunRequested:
    return RunRequested(addressee="", protocol="langgraph", input={"n": 1}, **{"not_before": LATER, **more})


@pytest.fixture
def inbox(any_log: Log) -> Inbox:
    return Inbox(any_log, Author(source="test"))


async def kinds(log: Log, conversation: str) -> list[str]:
    return [each.event.type async for each in log.read(conversation)]


async def test_it_waits_without_holding_others_up_and_begins_once(
    any_log: Log, inbox: Inbox, conversation: str
) -> None:
    receipt = await inbox.receive(conversation, request(), OPENING)
    scheduled = await any_log.next(conversation, ">", after=receipt.sequence - 1)
    assert scheduled
    assert isinstance(scheduled.event, RunScheduled)
    assert scheduled.event.run_id == receipt.run_id != scheduled.id
    start = await inbox.standing(conversation)
    assert start
    assert not await inbox.is_busy(start)

    begun = await asyncio.gather(*(inbox.begin(conversation, receipt.run_id) for _ in range(8)))
    assert any(begun)
    (asked,) = await inbox.unanswered(start)
    assert asked.id == receipt.run_id
    assert asked.event == scheduled.event.request
    assert (await kinds(any_log, conversation)).count(RunRequested.type) == 1
    assert not await inbox.begin(conversation, receipt.run_id)


async def test_it_can_be_cancelled_before_and_then_never_begins(
    any_log: Log, inbox: Inbox, conversation: str
) -> None:
    receipt = await inbox.receive(conversation, request(), OPENING)
    assert await inbox.cancel(conversation, only={receipt.run_id}) == (receipt.run_id,)
    assert not await inbox.begin(conversation, receipt.run_id)
    with pytest.raises(NotRunning):
        await inbox.cancel(conversation, only={receipt.run_id})
    assert RunRequested.type not in await kinds(any_log, conversation)


async def test_the_same_request_is_scheduled_once_before_and_after_it_began(
    inbox: Inbox, conversation: str
) -> None:
    first = await inbox.receive(conversation, request(message_id="k"), OPENING)
    again = await inbox.receive(conversation, request(message_id="k"), OPENING)
    assert (again.run_id, again.again) == (first.run_id, True)
    assert await inbox.begin(conversation, first.run_id)
    again = await inbox.receive(conversation, request(message_id="k"), OPENING)
    assert (again.run_id, again.again) == (first.run_id, True)


async def test_it_stops_what_runs_when_it_begins_and_not_when_it_is_asked_for(
    inbox: Inbox, conversation: str
) -> None:
    said = MessageReceived(addressee="", text="x", protocol="octo", message_id="m")
    running = await inbox.receive(conversation, said, OPENING)
    receipt = await inbox.receive(conversation, request(on_busy="interrupt"), OPENING)
    start = await inbox.standing(conversation)
    assert start
    assert [each.id for each in await inbox.unanswered(start)] == [running.run_id]
    assert await inbox.begin(conversation, receipt.run_id)
    assert [each.id for each in await inbox.unanswered(start)] == [running.run_id, receipt.run_id]


async def test_what_is_unknown_does_not_begin(inbox: Inbox, conversation: str) -> None:
    assert not await inbox.begin(conversation, "nobody")
    await inbox.receive(conversation, request(), OPENING)
    assert not await inbox.begin(conversation, "nobody")
