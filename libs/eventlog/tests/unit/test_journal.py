"""A commit that is cancelled may be stored already."""

import asyncio
from collections.abc import Sequence

from contracts.envelope import Envelope, Recorded
from contracts.events import ConversationStarted, MessageReceived, RunFailed, RunStarted
from eventlog.author import Author
from eventlog.journal import Journal
from eventlog.memory import MemoryLog

KEY = "c"


class Forgetful(MemoryLog):
    """Stores a run's first events, and never answers."""

    def __init__(self) -> None:
        super().__init__()
        self.stored = asyncio.Event()

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        recorded = await super().append(envelopes, expected=expected)
        if isinstance(envelopes[-1].event, RunStarted) and not self.stored.is_set():
            self.stored.set()
            await asyncio.Event().wait()
        return recorded


async def test_what_is_added_behind_a_cancelled_commit_is_committed() -> None:
    log, author = Forgetful(), Author(source="test")
    opening = ConversationStarted(responder_name="r", protocol="p")
    message = MessageReceived(addressee="r", text="hello", protocol="p")
    *_, work = await log.append([author.envelope(KEY, event) for event in (opening, message)], expected=0)
    committed: list[Recorded] = []
    journal = Journal(log, author, work, tail=work.sequence, committed=committed.extend)
    journal.add(RunStarted(run_id=work.id, message_sequence=work.sequence))
    cancelled = asyncio.create_task(journal.flush())
    await log.stored.wait()
    cancelled.cancel()
    await asyncio.gather(cancelled, return_exceptions=True)

    journal.add(RunFailed(run_id=work.id, message_sequence=work.sequence, error="no"))
    await journal.flush()

    assert [event.event.type async for event in log.read(KEY, after=work.sequence)] == [
        "run.started",
        "run.failed",
    ]
    assert [event.event.type for event in committed] == ["run.started", "run.failed"]
