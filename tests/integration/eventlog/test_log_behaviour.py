"""What every log does, whichever it is: in memory, on one server, on a cluster of three."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from contracts.envelope import Envelope, Recorded
from contracts.events import ConversationStarted, MessageReceived, RunCompleted, RunStarted
from eventlog import sharding
from eventlog.author import Author, derived_id
from eventlog.ports import Conflict, Log

AUTHOR = Author(source="test")
WAIT_SECONDS = 20


def started(conversation: str, event_id: str | None = None) -> Envelope:
    return AUTHOR.envelope(
        conversation, ConversationStarted(responder_name="agent-runner", protocol="agent"), event_id=event_id
    )


def said(conversation: str, text: str, event_id: str | None = None) -> Envelope:
    message = MessageReceived(addressee="agent-runner", text=text, protocol="agent", message_id=text)
    return AUTHOR.envelope(conversation, message, event_id=event_id)


def run_started(conversation: str) -> Envelope:
    return AUTHOR.envelope(conversation, RunStarted(run_id="r", message_sequence=1))


async def whole(log: Log, conversation: str, *, after: int = 0, pattern: str = ">") -> list[Recorded]:
    return [event async for event in log.read(conversation, after=after, pattern=pattern)]


async def take(events: AsyncIterator[Recorded], count: int) -> list[Recorded]:
    async with asyncio.timeout(WAIT_SECONDS):
        return [await anext(events) for _ in range(count)]


async def test_what_is_appended_is_read_back_unchanged(any_log: Log, conversation: str) -> None:
    envelopes = [started(conversation), said(conversation, "안녕 👋 \x00 \n")]
    recorded = await any_log.append(envelopes, expected=0)

    read = await whole(any_log, conversation)

    assert read == list(recorded)
    assert [event.event for event in read] == [envelope.event for envelope in envelopes]
    assert [event.occurred_at for event in read] == [envelope.occurred_at for envelope in envelopes]
    assert read[0].previous == 0
    assert read[1].previous == read[0].sequence


async def test_each_event_names_the_one_before_it(any_log: Log, conversation: str) -> None:
    (first,) = await any_log.append([started(conversation)], expected=0)
    await any_log.append([started(f"{conversation} other")], expected=0)
    batch = await any_log.append([said(conversation, str(n)) for n in range(3)], expected=first.sequence)

    read = await whole(any_log, conversation)

    assert [event.previous for event in read[1:]] == [event.sequence for event in read[:-1]]
    assert await any_log.tail(conversation) == batch[-1].sequence


async def test_a_stale_append_writes_nothing(any_log: Log, conversation: str) -> None:
    (first,) = await any_log.append([started(conversation)], expected=0)

    with pytest.raises(Conflict) as conflict:
        await any_log.append([said(conversation, "late"), said(conversation, "later")], expected=0)
    with pytest.raises(Conflict):
        await any_log.append([said(conversation, "from the future")], expected=first.sequence + 1000)

    assert conflict.value.tail == first.sequence
    assert await whole(any_log, conversation) == [first]


@pytest.mark.parametrize("count", [1, 4])
async def test_the_same_append_again_is_one_append(any_log: Log, conversation: str, count: int) -> None:
    envelopes = [said(conversation, str(n), derived_id(conversation, str(n))) for n in range(count)]

    once = await any_log.append(envelopes, expected=0)
    again = await any_log.append(envelopes, expected=0)

    assert again == once
    assert await whole(any_log, conversation) == list(once)


async def test_of_many_writers_at_once_one_wins_each_round(any_log: Log, conversation: str) -> None:
    async def write(name: int) -> Sequence[Recorded] | None:
        try:
            batch = [said(conversation, f"{name}.{n}") for n in range(1 + name % 2)]
            return await any_log.append(batch, expected=0)
        except Conflict:
            return None

    outcomes = await asyncio.gather(*(write(name) for name in range(10)))

    winners = [outcome for outcome in outcomes if outcome]
    assert len(winners) == 1
    assert await whole(any_log, conversation) == list(winners[0])


async def test_writers_that_decide_again_all_get_in(any_log: Log, conversation: str) -> None:
    async def write(name: int) -> None:
        expected = 0
        while True:
            try:
                await any_log.append([said(conversation, f"{name}")], expected=expected)
            except Conflict as conflict:
                expected = conflict.tail
            else:
                return

    async with asyncio.timeout(WAIT_SECONDS), asyncio.TaskGroup() as writers:
        for name in range(8):
            writers.create_task(write(name))

    texts = [e.event.text for e in await whole(any_log, conversation) if isinstance(e.event, MessageReceived)]
    assert sorted(texts) == [str(name) for name in range(8)]


async def test_an_append_is_for_one_conversation(any_log: Log, conversation: str) -> None:
    with pytest.raises(ValueError, match="one conversation"):
        await any_log.append([started(conversation), started(f"{conversation} other")], expected=0)


async def test_reading_a_part(any_log: Log, conversation: str) -> None:
    events = await any_log.append(
        [started(conversation), said(conversation, "a"), run_started(conversation), said(conversation, "b")],
        expected=0,
    )

    assert await whole(any_log, conversation, after=events[1].sequence) == list(events[2:])
    assert await whole(any_log, conversation, pattern="message.received.>") == [events[1], events[3]]
    until = [event async for event in any_log.read(conversation, until=events[1].sequence)]
    assert until == list(events[:2])
    assert await any_log.last(conversation, "message.>") == events[3]
    assert await any_log.last(conversation, "run.>") == events[2]
    assert await any_log.last(conversation, "checkpoint.>") is None
    assert await any_log.next(conversation, "message.>", after=events[1].sequence) == events[3]
    assert await any_log.next(conversation, "run.>", after=events[2].sequence) is None
    by_id = f"message.received.agent-runner.{events[1].id}"
    assert await any_log.last(conversation, by_id) == events[1]


async def test_an_unknown_conversation_is_empty(any_log: Log, conversation: str) -> None:
    assert await any_log.tail(conversation) == 0
    assert await whole(any_log, conversation) == []


async def test_reading_more_than_one_page(any_log: Log, conversation: str) -> None:
    events = await any_log.append([said(conversation, str(n)) for n in range(700)], expected=0)

    assert await whole(any_log, conversation) == list(events)


async def test_following_gives_what_was_and_what_comes(any_log: Log, conversation: str) -> None:
    before = await any_log.append([started(conversation), said(conversation, "a")], expected=0)
    async with any_log.follow(conversation, after=before[0].sequence) as events:
        assert await take(events, 1) == [before[1]]
        tail = before[1].sequence
        for text in "bcd":
            await any_log.append([started(f"{conversation} {text}")], expected=0)
            (event,) = await any_log.append([said(conversation, text)], expected=tail)
            assert await take(events, 1) == [event]
            tail = event.sequence
        batch = await any_log.append([said(conversation, str(n)) for n in range(5)], expected=tail)
        assert await take(events, 5) == list(batch)


async def test_following_all_conversations_in_the_order_of_their_stream(
    any_log: Log, conversation: str
) -> None:
    begins = await any_log.positions()
    names = [f"{conversation} {n}" for n in range(6)]
    for name in names:
        await any_log.append([started(name), said(name, "a")], expected=0)

    async def follow(stream: int) -> list[Recorded]:
        own = [name for name in names if sharding.stream_of(name, any_log.streams) == stream]
        seen: list[Recorded] = []
        async with any_log.follow_all(after=begins[stream], limit=2) as batches:
            while own and len(seen) <= 2 * len(own):
                batch = await anext(batches)
                assert 1 <= len(batch) <= 2
                seen += [event for event in batch if event.conversation in names]
                if len(seen) == 2 * len(own):
                    await any_log.append([run_started(own[0])], expected=await any_log.tail(own[0]))
        assert {event.conversation for event in seen} == set(own)
        assert not own or isinstance(seen[-1].event, RunStarted)
        return seen

    async with asyncio.timeout(WAIT_SECONDS):
        streams = [await follow(stream) for stream in range(any_log.streams)]

    ends = await any_log.positions()
    for seen, end in zip(streams, ends, strict=True):
        assert [event.sequence for event in seen] == sorted({event.sequence for event in seen})
        assert not seen or end >= seen[-1].sequence


async def test_a_position_tells_the_stream_that_its_conversation_is_in(
    any_log: Log, conversation: str
) -> None:
    names = [f"{conversation} {n}" for n in range(12)]
    for name in names:
        (first,) = await any_log.append([started(name)], expected=0)
        assert sharding.stream_at(first.sequence) == sharding.stream_of(name, any_log.streams)
        assert await any_log.id_at(first.sequence) == first.id
    assert len(await any_log.positions()) == any_log.streams


async def test_large_events_come_back_whole(any_log: Log, conversation: str) -> None:
    text = "긴 글 " * 400_000
    reply = AUTHOR.envelope(conversation, RunCompleted(run_id="r", message_sequence=1, text=text))
    batch = await any_log.append([started(conversation), reply], expected=0)

    assert await whole(any_log, conversation) == list(batch)
