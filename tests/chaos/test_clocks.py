"""Services whose clocks are hours apart: the order is the log's, and takeover keeps its time."""

import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos.conftest import bystander
from tests.chaos.fleet import NatsServer, running_fleet
from tests.chaos.test_takeover import open_gate, open_gated, visited, whole

from contracts.events import MessageReceived, RunCompleted, RunEvent

COUNTS = {"history-store": 1, "agent-runner": 2, "edge-ws": 1, "edge-rest": 1}
HOURS = {"edge_ws": -3, "agent_runner": 5, "history_store": -7}
CLOCKS = Path(__file__).with_name("clocks")
TAKEOVER_SECONDS = 1


async def test_services_whose_clocks_are_hours_apart(
    start_nats: Callable[..., AbstractContextManager[list[NatsServer]]],
    unused_port: Callable[[], int],
    tmp_path: Path,
    conversation: str,
) -> None:
    wrong = {
        "PYTHONPATH": f"{CLOCKS}:{Path(__file__).parents[2]}",
        "WRONG_CLOCKS": json.dumps(HOURS),
        "PARLEY_TAKEOVER_AFTER": str(TAKEOVER_SECONDS),
    }
    with (
        start_nats(tmp_path / "nats", 1) as (server,),
        running_fleet(server, tmp_path / "fleet", COUNTS, unused_port, **wrong) as fleet,
    ):
        async with bystander(server.address) as log:
            await open_gated(log, conversation)
            answer = asyncio.create_task(fleet.say(conversation, "go", "m1"))
            first = await visited(fleet, conversation, "second")
            await asyncio.wait({answer}, timeout=3 * TAKEOVER_SECONDS)
            assert not answer.done()  # long enough for whoever went by the clock to take it over
            runs = [each.event for each in await whole(log, conversation)]
            assert {run.attempt for run in runs if isinstance(run, RunEvent)} == {1}

            next(each for each in fleet.services if each.pid == first).signal(signal.SIGKILL)
            await visited(fleet, conversation, "second", 2)
            open_gate(fleet, conversation)
            assert (await answer)[-1]["type"] == "message_end"
            await fleet.say(conversation, "go", "m2")

            events = await whole(log, conversation)
            asked, answered = (
                [event for event in events if isinstance(event.event, kind)]
                for kind in (MessageReceived, RunCompleted)
            )
            assert len(asked) == len(answered) == 2
            apart = timedelta(hours=HOURS["agent_runner"] - HOURS["edge_ws"])
            assert abs(answered[1].occurred_at - asked[1].occurred_at - apart) < timedelta(minutes=5)
            assert abs(answered[1].occurred_at - datetime.now(UTC)) > timedelta(hours=1)
            roles = [entry["role"] for entry in await fleet.history(conversation)]
            assert roles == ["user", "agent", "agent"] * 2
            assert await fleet.one("history-store").problems() == []
