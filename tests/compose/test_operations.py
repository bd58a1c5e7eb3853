"""Every operation of docs/operations.md, as it is written there, on a stack where people talk meanwhile."""

import asyncio
import os
import re
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from tests.compose.speaking import PROTOCOLS, TURN_SECONDS, turn

ROOT = Path(__file__).parents[2]
HANDBOOK = (ROOT / "docs/operations.md").read_text()
UNAUTHORIZED = 401
DO_SECONDS = 180
QUIET_SECONDS = 150
BACKUP, SECRET = "Backup and restore of the log", "Changing a secret"
KEY = "0123456789abcdef0123"


def documented(heading: str, number: int = 0) -> str:
    """A block of commands of the handbook: the one with that number below a heading."""
    section = re.split(rf"^#+ {re.escape(heading)}$", HANDBOOK, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", section, flags=re.MULTILINE)[0]
    blocks: list[str] = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return blocks[number]


async def do(stack: Any, folder: Path, heading: str, number: int = 0, **variables: str) -> str:
    """Run a block of the handbook in a shell, in `folder` and on this project's names; what it printed."""
    script = documented(heading, number).replace("parley_", f"{stack.project}_")
    environment = {name: str(port) for name, port in stack.ports.items()} | stack.settings | variables
    environment |= {
        "COMPOSE_FILE": f"{ROOT / 'docker-compose.yml'}:{stack.override}",
        "COMPOSE_PROJECT_NAME": stack.project,
    }
    ended = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DO_SECONDS,
    )
    assert ended.returncode == 0, f"{script}\n{ended.stdout}\n{ended.stderr}"
    return str(ended.stdout)


class Talk:
    """Conversations over every protocol, and what was said in them.

    Attributes:
        others: those of the protocols that tell no history; nothing more is said in them.
    """

    def __init__(self, stack: Any) -> None:
        self.stack = stack
        self.others: list[str] = []
        self.chat, self.thread, self.states = f"chat-{uuid4()}", f"thread-{uuid4()}", str(uuid4())
        self.quiet = f"quiet-{uuid4()}"
        self._turns = 0

    async def say(self) -> None:
        """One more turn in each, and every protocol once from its beginning."""
        self._turns += 1
        said = {"message": f"안녕하세요 {self._turns}", "thread_id": self.thread}
        async with asyncio.TaskGroup() as tasks, httpx.AsyncClient(timeout=TURN_SECONDS) as client:
            tasks.create_task(turn(self.stack, self.chat, f"m{self._turns}"))
            (await client.post(f"{self.stack.url()}/chat", json=said)).raise_for_status()
            asked = {"assistant_id": "chat", "input": {"messages": [{"role": "user", "content": "안녕"}]}}
            run = f"{self.stack.url()}/threads/{self.states}/runs/wait"
            (await client.post(run, json=asked | {"if_not_exists": "create"})).raise_for_status()
            for protocol in PROTOCOLS:
                tasks.create_task(protocol(self.stack))

    async def parley(self, *arguments: str, given: str | None = None) -> str:
        """What the operator's command prints."""
        command = ("run", "--rm", "--no-TTY", "parley", *arguments)
        answer: str = await asyncio.to_thread(self.stack, *command, given=given)
        return answer

    async def history(self, chat: str) -> list[Any]:
        """What the agent protocol tells of a conversation."""
        async with httpx.AsyncClient(base_url=self.stack.url(), timeout=TURN_SECONDS) as client:
            told: list[Any] = (await client.get(f"/history/{chat}")).raise_for_status().json()
        return told

    async def remember_others(self) -> None:
        """Find what was said over the protocols that tell no history."""
        async with httpx.AsyncClient(base_url=self.stack.url(), timeout=TURN_SECONDS) as client:
            for protocol in ("quote", "room", "voice"):
                found = await client.get("/api/conversations", params={"protocol": protocol, "limit": 1})
                (conversation,) = found.raise_for_status().json()["conversations"]
                self.others.append(conversation["key"])

    async def histories(self) -> list[Any]:
        """What is told of them, without what changes by itself; of the others, their events in the log."""
        async with httpx.AsyncClient(base_url=self.stack.url(), timeout=TURN_SECONDS) as client:
            octo = (await client.get(f"/api/sessions/{self.thread}/history")).raise_for_status().json()
            state = (await client.get(f"/threads/{self.states}/state")).raise_for_status().json()
            events = [
                await client.get(f"/api/conversations/{quote(key, safe='')}/events") for key in self.others
            ]
        others = [event for each in events for event in each.raise_for_status().json()["events"]]
        return [*await self.history(self.chat), *octo["messages"], *state["values"]["messages"], *others]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talk(composed: Any) -> Talk:
    await asyncio.to_thread(composed.up)  # what other tests have stopped
    begun = Talk(composed)
    await begun.say()
    await begun.remember_others()
    await turn(composed, begun.quiet, "m1")
    return begun


async def unharmed(talk: Talk, operation: Callable[[], Awaitable[object]]) -> None:
    """Do something to the stack: it is ready again by itself, every protocol speaks, and nothing is lost."""
    before = await talk.histories()
    await operation()
    print(f" ready after {await asyncio.to_thread(talk.stack.ready):.0f} s", end="")  # noqa: T201 - figures
    assert await talk.histories() == before
    await talk.say()
    assert len(await talk.histories()) > len(before)


def restarted(stack: Any, *services: str) -> None:
    """``docker restart``, which knows nothing of Compose and its order."""
    ids = stack("ps", "--all", "--quiet", *services).split()
    subprocess.run(["docker", "restart", "--time", "20", *ids], check=True, capture_output=True, timeout=120)


@pytest.mark.parametrize(
    "services", [("nats",), ("nats", "postgres", "operator"), ()], ids=["nats", "stores", "all"]
)
async def test_a_restart_in_any_order(talk: Talk, services: tuple[str, ...]) -> None:
    await unharmed(talk, lambda: asyncio.to_thread(restarted, talk.stack, *services))


@pytest.mark.parametrize("name", ["nats", "postgres", "jwt"])
async def test_a_secret_is_made_anew(talk: Talk, name: str) -> None:
    await unharmed(talk, lambda: do(talk.stack, ROOT, SECRET, NAME=name))


async def test_postgresql_emptied_while_it_runs(talk: Talk) -> None:
    sql = "DROP SCHEMA public CASCADE; CREATE SCHEMA public"

    async def empty() -> None:
        await asyncio.to_thread(talk.stack, "exec", "--no-TTY", "postgres", "psql", "-U", "parley", "-c", sql)

    await unharmed(talk, empty)


async def test_a_backup_put_back_is_what_is_told_and_goes_on(talk: Talk, tmp_path: Path) -> None:
    await do(talk.stack, tmp_path, BACKUP, 1)
    await asyncio.to_thread(talk.stack.ready)
    backed_up = await talk.histories()
    await talk.say()
    assert len(await talk.histories()) > len(backed_up)
    await do(talk.stack, tmp_path, BACKUP, 2)
    await asyncio.to_thread(talk.stack.ready)
    assert await talk.histories() == backed_up
    await talk.say()
    told = await talk.histories()
    assert len(told) > len(backed_up)
    assert "the live rows are those of the log" in await do(talk.stack, tmp_path, BACKUP, 3)
    assert await talk.histories() == told


async def test_an_operator_exports_erases_and_brings_back(talk: Talk) -> None:
    before = await talk.histories()
    parley = talk.parley
    exported = await parley("export", talk.chat)
    assert "conversation.started" in await parley("show", talk.chat)
    assert "get all contacts" in await parley("replay", talk.chat)
    assert "removed:" in await parley("erase", talk.chat, "--yes")
    async with httpx.AsyncClient(base_url=talk.stack.url(), timeout=TURN_SECONDS) as client:
        assert (await client.get(f"/history/{talk.chat}")).json() == []
    assert "events of conversation" in await parley("import", "-", given=exported)
    assert await talk.histories() == before
    assert await parley("dead", "list") == ""
    await parley("declare")
    assert "the rebuilt rows are live" in await parley("rebuild")
    assert await talk.histories() == before
    token = await parley("token", "--user", "kim")
    address = f"{talk.stack.url()}/api/v1/chat/sessions"
    async with httpx.AsyncClient(timeout=TURN_SECONDS) as client:
        made = await client.post(address, json={}, headers={"Authorization": f"Bearer {token.strip()}"})
    assert made.is_success


async def test_a_quiet_conversation_is_archived_and_comes_back(talk: Talk) -> None:
    before = await talk.history(talk.quiet)
    async with asyncio.timeout(QUIET_SECONDS):
        while True:  # until it has been quiet for a minute, which it has behind the other tests
            try:
                await talk.parley("archive", talk.quiet)
                break
            except AssertionError:
                await asyncio.sleep(5)
    assert talk.quiet in await talk.parley("conversations", "--archived", "--json")
    await turn(talk.stack, talk.quiet, "m2")
    assert talk.quiet not in await talk.parley("conversations", "--archived", "--json")
    assert (await talk.history(talk.quiet))[: len(before)] == before


async def test_what_was_set_is_in_force_or_stops_it(talk: Talk, tmp_path: Path) -> None:
    """Last of all, since clients need a key afterwards."""
    stack = talk.stack
    stack.settings |= {"PARLEY_API_KEYS": KEY, "PARLEY_RUN_TIMEOUT": "77", "PARLEY_JWT_SECRET": "s" * 40}
    await do(stack, tmp_path, SECRET, 1)
    await asyncio.to_thread(stack.up)
    await asyncio.to_thread(stack.ready)
    async with httpx.AsyncClient(base_url=stack.url(), timeout=TURN_SECONDS) as client:
        assert (await client.get("/api/sessions")).status_code == UNAUTHORIZED
        assert (await client.get("/api/sessions", headers={"X-API-Key": KEY})).is_success
    for service in ("agent-runner", "edge-rest"):
        printed = await asyncio.to_thread(stack, "exec", "--no-TTY", service, "env")
        assert "PARLEY_RUN_TIMEOUT=77" in printed
        assert "PARLEY_LOG_FORMAT=json" in printed
    cat = ("exec", "--no-TTY", "edge-rest", "cat", "/run/secrets/parley_jwt_secret")
    secret = await asyncio.to_thread(stack, *cat)
    assert secret == "s" * 40
    for wrong, reason in (
        ("PARLEY_RUN_TIMEOT=3", "PARLEY_RUN_TIMEOT: no such setting"),
        (
            "PARLEY_DATABASE_URL=sqlite:///x",
            "PARLEY_DATABASE_URL: under Compose it must begin with postgresql://",
        ),
        ("PARLEY_DATA_DIR=/srv", "PARLEY_DATA_DIR: under Compose the data is in volumes"),
    ):
        with pytest.raises(AssertionError, match=reason):
            await asyncio.to_thread(stack, "run", "--rm", "--no-TTY", "--env", wrong, "secrets")
