"""What a turn costs, counted: on a machine that is busy as on one that is not, no number may grow.

edge-ws and agent-runner are put together in this process as their own programs do it, on a nats-server of
their own; `counting` sees what passes. The numbers that stand are in ``counts.json``.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from langchain_core import globals as langchain_globals
from starlette.applications import Starlette
from tests.counts.counting import Counts, counting

from agent_runner import app as agent_runner
from edge_ws import app as edge_ws
from eventlog.admin.permissions import OPERATOR

COMMITTED = Path(__file__).with_name("counts.json")
SOON = 20
EARLY, LATE = 10, 190
"""Midway between two turns that save the whole state, which are about the 182nd and the 201st there."""
VERY_LATE = 990
"""By then LangGraph's own reducer, which looks at every message, makes a third more allocations."""
FEW, MANY = 2, 34
"""Tokens of an answer."""
SLACK = {"bytes": (32, 0.002), "allocations": (4000, 0.02)}
"""How much more, or what part, is not told: digits of sequences and times; what a process does besides."""
WHAT_TO_DO = (
    "Find out what was added to the way of a turn. If it is meant, put the new numbers into "
    "tests/counts/counts.json and say in the commit why each turn has to pay for it.\n"
)


class Socket:
    """A client at the other end of an ASGI WebSocket."""

    def __init__(self, app: Starlette, path: str, query: str = "") -> None:
        self._said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._said.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
            "subprotocols": [],
            "extensions": {"websocket.http.response": {}},
        }
        self._serving = asyncio.create_task(_served(app, scope, self._said.get, self._sent.put))

    def say(self, frame: dict[str, Any]) -> None:
        self._said.put_nowait({"type": "websocket.receive", "text": json.dumps(frame)})

    async def take(self) -> dict[str, Any]:
        async with asyncio.timeout(SOON):
            while "text" not in (message := await self._sent.get()):
                assert message["type"] == "websocket.accept", message
        frame: dict[str, Any] = json.loads(message["text"])
        return frame

    async def leave(self) -> None:
        self._said.put_nowait({"type": "websocket.disconnect", "code": 1000})
        async with asyncio.timeout(SOON):
            await self._serving


async def _served(app: Starlette, *asgi: Any) -> None:
    await app(*asgi)


class Room(Socket):
    """The room protocol, which shows tokens."""

    def __init__(self, app: Starlette, after: str = "") -> None:
        super().__init__(app, "/v3/", f"room_uid=counted-room&user_uid=u{after and f'&after={after}'}")

    async def turn(self, tokens: int) -> None:
        self.say({"action": "sendmsg", "room_uid": "counted-room", "user_id": "u", "msg": str(tokens)})
        while (frame := await self.take()).get("event") != "on_chain_end" or frame["parent_ids"]:
            assert "id" in frame, frame

    async def join(self) -> None:
        """Until all that a client gets on its arrival has come."""
        self.say({"action": "status", "room_uid": "counted-room"})
        while (await self.take()).get("status") != "connected":
            pass


class Agent(Socket):
    """The agent protocol, which shows steps."""

    def __init__(self, app: Starlette) -> None:
        super().__init__(app, "/chat/counted-agent")
        self._turns = 0

    async def turn(self, tokens: int) -> None:
        self._turns += 1
        self.say({"type": "client", "message": str(tokens), "message_id": f"m{self._turns:06}"})
        while (frame := await self.take())["type"] != "message_end":
            assert frame["type"] == "agent_step", frame


@asynccontextmanager
async def services(url: str, patch: pytest.MonkeyPatch) -> AsyncIterator[Starlette]:
    """Both services at work; gives the edge."""
    settings = {
        "NATS_URL": url,
        "NATS_USER": OPERATOR,
        "NATS_PASSWORD": OPERATOR,
        "GRAPHS": "counted=tests.counts.graph:graph",
        "ROOM_GRAPH": "counted",
        "AGENT_GRAPH": "counted",
        "NATS_IDLE_CHECK": "600",  # nothing is looked for because time has passed
        "TAKEOVER_AFTER": "600",
        "MESSAGES_PER_SECOND": "0",
    }
    patch.setattr(langchain_globals, "_llm_cache", None)  # is another one as soon as a runner is at work
    for name, value in settings.items():
        patch.setenv(f"PARLEY_{name}", value)
    _, runner = agent_runner.build()
    edge, serving = edge_ws.build()
    async with runner, serving:
        yield edge


async def counted(counts: Counts, work: Callable[[], Awaitable[None]], deliveries: int = 1) -> dict[str, int]:
    """What some work adds. It is done twice, since one watcher cannot see all."""
    before = counts.totals.copy()
    with counts.encodings():
        await settled(counts, work(), deliveries)
    found = counts.totals - before
    with counts.allocations() as allocations:
        await settled(counts, work(), deliveries)
    return {**found, **allocations}


async def settled(counts: Counts, work: Awaitable[None], deliveries: int = 1) -> None:
    """Some work, and whatever follows it."""
    await work
    async with asyncio.timeout(SOON):
        await counts.acknowledged(deliveries)


async def of_turns(counts: Counts, name: str, client: Room | Agent, late: int) -> dict[str, dict[str, int]]:
    """Early and late turns of one client, and what more tokens add to a late one."""
    found: dict[str, dict[str, int]] = {}
    turn = 0
    for last in (EARLY, late):
        while (turn := turn + 1) < last:
            await settled(counts, client.turn(FEW))
        found[f"{name}, turn {last}"] = await counted(counts, lambda: client.turn(FEW))
        turn += 1
    row, more = found[f"{name}, turn {late}"], await counted(counts, lambda: client.turn(MANY))
    found[f"{name}, {MANY - FEW} tokens more"] = {
        what: more[what] - row[what] for what in more if more[what] != row[what]
    }
    await client.leave()
    return found


async def measured(url: str, patch: pytest.MonkeyPatch, late: int) -> dict[str, dict[str, int]]:
    """All that is compared."""
    counts = counting(patch)
    async with services(url, patch) as edge:

        async def join() -> None:
            room = Room(edge, after="1.1.1")
            await room.join()
            await room.leave()

        return {
            **await of_turns(counts, "room", Room(edge), late),
            **await of_turns(counts, "agent", Agent(edge), late),
            f"room, joined after {late} turns": await counted(counts, join, 0),
        }


@pytest.mark.parametrize("late", [LATE, pytest.param(VERY_LATE, marks=pytest.mark.slow)])
async def test_no_turn_costs_more_than_it_did(
    own_nats: Any, monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    """A turn that comes much later may cost no more, either, but for allocations."""
    found = await measured(own_nats.address, monkeypatch, late)
    committed = json.loads(COMMITTED.read_text().replace(f" {LATE}", f" {late}"))
    grown = [
        f"{part}: {what} {number}, {before} before"
        for part, row in found.items()
        for what, number in row.items()
        if (late == LATE or what != "allocations")
        and number > _with_slack(what, before := committed.get(part, {}).get(what, 0))
    ]
    assert not grown, "\n".join([WHAT_TO_DO, *grown, "", json.dumps(found, indent=1)])


def _with_slack(what: str, number: int) -> float:
    least, share = SLACK.get(what.split()[0], (0, 0))
    return number + max(least, share * number)
