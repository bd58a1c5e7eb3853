"""Runners that are added while work waits take their share of it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.chaos.conftest import bystander
from tests.chaos.fleet import NatsServer, Service, running_fleet

from contracts.envelope import Recorded
from contracts.events import ConversationStarted, MessageReceived, RunCompleted
from eventlog.author import Author
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox

MESSAGES = 160
PLACES = 4
"""Runs at once in each runner, each of which waits and uses no processor."""
BEFORE = MESSAGES // 8
ALL_SECONDS = 120


async def say(log: Log) -> None:
    inbox = Inbox(log, Author(source="test"), queued=MESSAGES)
    opening = ConversationStarted(responder_name="agent-runner", graph="dwelling", protocol="agent")
    for number in range(MESSAGES):
        message = MessageReceived(addressee="agent-runner", text="hi", protocol="agent", message_id="m")
        await inbox.receive(f"chat-{number}", message, opening)


def rate(ends: list[Recorded]) -> float:
    """Runs a second, by the times at which they ended."""
    return (len(ends) - 1) / (ends[-1].occurred_at - ends[0].occurred_at).total_seconds()


@pytest.mark.slow
async def test_three_runners_finish_what_was_left_in_a_third_of_the_time(
    own_nats: NatsServer, unused_port: Callable[[], int], tmp_path: Path
) -> None:
    told = {
        "PARLEY_GRAPHS": "dwelling=tests.chaos.graphs:dwelling",
        "PARLEY_CONCURRENT_RUNS": str(PLACES),
    }
    folder = tmp_path / "fleet"
    with (
        running_fleet(own_nats, folder, {"agent-runner": 1}, unused_port, **told) as fleet,
        ExitStack() as ending,
    ):
        first = fleet.one("agent-runner")
        async with bystander(own_nats.url) as log, asyncio.timeout(ALL_SECONDS):
            await say(log)
            ends: list[Recorded] = []
            added: list[Service] = []
            joined = 0
            async with log.follow_all(after=0) as batches:
                async for batch in batches:
                    ends += [each for each in batch if isinstance(each.event, RunCompleted)]
                    if len(ends) >= BEFORE and not added:
                        for number in (1, 2):
                            port = unused_port()
                            added.append(Service(first.name, number, folder, port, first.environment))
                            added[-1].start()
                            ending.callback(added[-1].kill)
                    if added and not joined and all([await each.problems() == [] for each in added]):
                        joined = len(ends)
                    if len(ends) == MESSAGES:
                        break
    alone, together = rate(ends[:joined]), rate(ends[joined:])
    print(f"{joined} by one: {alone:.1f}/s; {MESSAGES - joined} by three: {together:.1f}/s")
    assert MESSAGES - joined > 6 * PLACES, "too little was left to share"
    visits = (line.split() for line in (folder / "visits").read_text().splitlines())
    runs = {conversation: pid for _, pid, conversation in visits}
    shares = Counter(runs[end.conversation] for end in ends[joined:])
    assert len(runs) == MESSAGES
    assert len(shares) == 3
    assert min(shares.values()) > (MESSAGES - joined) / 4
    assert together > 2 * alone
