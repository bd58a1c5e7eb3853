"""A journal whose commit was cut off goes on without losing or repeating anything."""

import asyncio
from collections.abc import Sequence

import pytest

from contracts.envelope import Envelope, Recorded
from contracts.events import ConversationStarted, Event, MessageReceived, RunCompleted, RunFailed, RunStarted
from eventlog.author import Author
from eventlog.memory import MemoryLog
from eventlog.turns.journal import Journal, Superseded

KEY = "c"
AUTHOR = Author(source="test")
RUN = {"run_id": "r", "message_sequence": 2}


class CutOff(MemoryLog):
    """A log whose first append of a run's event is cut off, before or after it is stored."""

    def __init__(self, *, stored: bool, kind: type[Event] = RunStarted) -> None:
        super().__init__()
        self._stored = stored
        self._kind = kind
        self.begun = asyncio.Event()

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        if isinstance(envelopes[0].event, self._kind) and not self.begun.is_set():
            if self._stored:
                await super().append(envelopes, expected=expected)
            self.begun.set()
            await asyncio.Event().wait()
        return await super().append(envelopes, expected=expected)


@pytest.mark.parametrize("stored", [True, False])
async def test_a_commit_that_was_cut_off_is_made_again_as_it_was(stored: bool) -> None:
    log = CutOff(stored=stored)
    opening = ConversationStarted(responder_name="agent-runner", protocol="octo")
    message = MessageReceived(addressee="agent-runner", text="x", protocol="octo")
    asked: list[Event] = [opening, message]
    work = (await log.append([AUTHOR.envelope(KEY, event) for event in asked], expected=0))[-1]
    committed: list[Recorded] = []
    journal = Journal(log, AUTHOR, work, tail=work.sequence, committed=committed.extend)
    journal.add(RunStarted(**RUN))
    commit = asyncio.create_task(journal.flush())
    await log.begun.wait()
    commit.cancel()
    with pytest.raises(asyncio.CancelledError):
        await commit
    journal.add(RunFailed(**RUN, error="no"))
    await journal.flush()
    told = [event.event.type async for event in log.read(KEY, after=work.sequence)]
    assert told == ["run.started", "run.failed"]
    assert [event.event.type for event in committed] == told


class Batches(MemoryLog):
    """A log that notes how much is appended at once."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        self.sizes.append(len(envelopes))
        return await super().append(envelopes, expected=expected)


async def test_what_is_added_at_once_is_committed_at_once() -> None:
    log = Batches()
    message = MessageReceived(addressee="agent-runner", text="x", protocol="octo")
    (work,) = await log.append([AUTHOR.envelope(KEY, message)], expected=0)
    journal = Journal(log, AUTHOR, work, tail=work.sequence, committed=lambda _: None)
    for count in (*[300] * 11, 0, 600):
        journal.add(*(RunStarted(**RUN) for _ in range(count)))
    await journal.flush()
    assert log.sizes == [1, 900, *[300] * 8, 600]


async def test_who_waits_while_the_run_is_lost_writes_nothing() -> None:
    log = MemoryLog()
    message = MessageReceived(addressee="agent-runner", text="x", protocol="octo")
    (work,) = await log.append([AUTHOR.envelope(KEY, message)], expected=0)
    journal = Journal(log, AUTHOR, work, tail=work.sequence, committed=lambda _: None)
    (other,) = await log.append([AUTHOR.envelope(KEY, RunStarted(**RUN))], expected=work.sequence)
    journal.add(RunStarted(**RUN))
    outcomes = await asyncio.gather(journal.flush(), journal.flush(), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Superseded, Superseded]
    assert await log.tail(KEY) == other.sequence


async def test_an_end_that_was_cut_off_stands() -> None:
    log = CutOff(stored=True, kind=RunCompleted)
    message = MessageReceived(addressee="agent-runner", text="x", protocol="octo")
    (work,) = await log.append([AUTHOR.envelope(KEY, message)], expected=0)
    journal = Journal(log, AUTHOR, work, tail=work.sequence, committed=lambda _: None)
    ending = asyncio.create_task(journal.end(RunCompleted(**RUN, text="done")))
    await log.begun.wait()
    ending.cancel()
    await asyncio.wait({ending})
    await journal.end(RunFailed(**RUN, error="the run took too long"))
    assert [event.event.type async for event in log.read(KEY, after=work.sequence)] == ["run.completed"]


async def test_a_journal_knows_what_it_has_written_before_it_hears_that_it_is_stored() -> None:
    log = CutOff(stored=True)
    asked: list[Event] = [
        ConversationStarted(responder_name="agent-runner", protocol="octo"),
        MessageReceived(addressee="agent-runner", text="x", protocol="octo"),
    ]
    work = (await log.append([AUTHOR.envelope(KEY, event) for event in asked], expected=0))[-1]
    journal = Journal(log, AUTHOR, work, tail=work.sequence, committed=lambda _: None)
    journal.add(RunStarted(**RUN))
    commit = asyncio.create_task(journal.flush())
    await log.begun.wait()
    written = await log.last(KEY, RunStarted.type)
    assert written
    assert journal.knows(written)
    commit.cancel()


async def test_a_journal_that_lost_its_run_knows_nothing_of_the_other() -> None:
    log = MemoryLog()
    asked: list[Event] = [
        ConversationStarted(responder_name="agent-runner", protocol="octo"),
        MessageReceived(addressee="agent-runner", text="x", protocol="octo"),
    ]
    work = (await log.append([AUTHOR.envelope(KEY, event) for event in asked], expected=0))[-1]
    journal = Journal(log, AUTHOR, work, tail=work.sequence, committed=lambda _: None)
    foreign = AUTHOR.envelope(KEY, RunStarted(**RUN, attempt=2))
    (taken_over,) = await log.append([foreign], expected=work.sequence)
    assert not journal.knows(taken_over)
    with pytest.raises(Superseded):
        await journal.look()
    assert journal.tail == taken_over.sequence
    assert not journal.knows(taken_over)
