"""Work that no release can read is given up: a dead letter, a failed run, and the conversation goes on."""

import asyncio
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import nats
from tests.chaos.conftest import bystander
from tests.chaos.fleet import NatsServer, running_fleet

from contracts import subjects
from contracts.events import ENDS, ConversationStarted, MessageReceived, RunCompleted, RunFailed
from eventlog.author import Author
from eventlog.codec import encode
from eventlog.turns.inbox import Inbox

WAIT_SECONDS = 60
OPENING = ConversationStarted(responder_name="agent-runner", graph="planner", protocol="agent")
AUTHOR = Author(source="test")


def message(text: str) -> MessageReceived:
    return MessageReceived(addressee="agent-runner", text=text, protocol="agent", message_id=text)


async def test_what_cannot_be_read_is_given_up_and_the_conversation_goes_on(
    start_nats: Callable[[Path, int], AbstractContextManager[list[NatsServer]]],
    unused_port: Callable[[], int],
    tmp_path: Path,
) -> None:
    with (
        start_nats(tmp_path / "nats", 1) as (server,),
        running_fleet(
            server, tmp_path, {"agent-runner": 1}, unused_port, PARLEY_TAKEOVER_AFTER="0.5"
        ) as fleet,
    ):
        client = await nats.connect(server.url)
        async with bystander(server.address) as log:
            await log.append([AUTHOR.envelope("talk", OPENING)], expected=0)
            from_tomorrow = AUTHOR.envelope("talk", message("from tomorrow"))
            subject, headers, payload = encode(from_tomorrow)
            await client.jetstream().publish(subject, payload, headers=headers | {"ce-dataversion": "99"})
            work = subjects.event("talk", MessageReceived.type, "agent-runner", "nothing")
            await client.jetstream().publish(work, b"no event at all")
            await Inbox(log, AUTHOR).receive("talk", message("get all contacts"), OPENING)

            ends = []
            async with asyncio.timeout(WAIT_SECONDS), log.follow("talk", after=0) as events:
                async for recorded in events:
                    if isinstance(recorded.event, ENDS):
                        ends.append(recorded.event)
                    if len(ends) == 3:
                        break
        assert [type(end) for end in ends] == [RunFailed, RunFailed, RunCompleted]
        async with httpx.AsyncClient() as http:
            told = (await http.get(f"http://127.0.0.1:{fleet.one('agent-runner').port}/metrics")).text
        assert re.search(r"^parley_dead_letters_total 2\.0$", told, re.MULTILINE)
        consumer = await client.jetstream().consumer_info(subjects.LOG_STREAM, "agent-runner")
        assert consumer.num_ack_pending == 0
        await client.close()
