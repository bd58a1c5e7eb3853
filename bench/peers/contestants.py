"""The peers: how each is started, and by which doors a client comes in."""

import asyncio
import json
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

from peers.clients import Agent, ByHand, OnToken, OverSdk, Room, Turn, sdk_messages
from peers.environments import python
from peers.graph import builder
from peers.postgres import Postgres
from peers.processes import Server, cpu_seconds, megabytes

HERE = Path(__file__).parent
START_SECONDS = 60
QUIET = {"LANGSMITH_TRACING": "false", "PYTHONPATH": HERE.parent}

Door = Callable[[str], Any]
"""Opens a conversation by the name of its thread: an awaitable of a `Conversation`."""


class Contestant:
    """A server that runs, with one or more protocols.

    Attributes:
        doors: how to open a conversation, by the name that results have.
    """

    name: str
    health = "/ok"

    def __init__(self, folder: Path, postgres: Postgres | None = None) -> None:
        self.folder, self.postgres = folder, postgres
        self.port = free_port()
        self.server: Server | None = None
        self.doors: Mapping[str, Door] = {}

    def command(self) -> tuple[list[object], Path, Mapping[str, object]]:
        """What starts it, where, and with which variables."""
        raise NotImplementedError

    async def start(self) -> float:
        """Start it and wait until it answers; the seconds that took."""
        began = time.perf_counter()
        command, folder, environment = self.command()
        self.server = Server(command, folder, environment, self.folder / f"{self.name}.log")
        async with httpx.AsyncClient() as client:
            while time.perf_counter() - began < START_SECONDS and self.server.runs:
                try:
                    if (await client.get(f"{self.url}{self.health}")).status_code == 200:
                        return time.perf_counter() - began
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
        last = self.server.log.read_text(errors="replace").strip().splitlines()[-1:]
        raise RuntimeError(f"{self.name} did not come up: {''.join(last)[-200:]}")

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pids(self) -> list[int]:
        """The first processes of all that it needs, its database included."""
        own = [self.server.pid] if self.server else [psutil.Process().pid]
        return [*own, self.postgres.pid] if self.postgres else own

    def cpu(self) -> float:
        """CPU seconds used so far, with its database's."""
        return cpu_seconds(self.pids)

    def memory(self) -> float:
        """MB in use now, with its database's."""
        return megabytes(self.pids)

    async def stop(self) -> None:
        """End it."""
        if self.server:
            await self.server.stop()

    async def messages(self, thread: str) -> list[str]:
        """The types of the messages that are kept of a thread."""
        raise NotImplementedError


def free_port() -> int:
    """A port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class InProcess(Contestant):
    """The graph in this very process, with nothing kept: what no server can be below."""

    name = "in-process"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.graph = builder.compile()
        self.doors = {self.name: self._open}

    async def start(self) -> float:
        """Nothing to start."""
        return 0.0

    async def _open(self, thread: str) -> "InProcess":
        return self

    async def turn(self, text: str, on_token: OnToken | None = None) -> Turn:
        """Run the graph, streaming its messages to a loop that does nothing with them."""
        turn = Turn()
        given: Any = {"messages": [{"role": "user", "content": text}]}
        parts: AsyncIterator[Any] = self.graph.astream(given, stream_mode="messages")
        async for message, _ in parts:
            if message.type == "AIMessageChunk" and message.content:
                turn.token()
                if on_token:
                    on_token(message.content)
        return turn.ended()

    async def close(self) -> None:
        """Nothing to leave."""


class Hand(Contestant):
    """FastAPI, WebSocket and AsyncPostgresSaver by hand."""

    def __init__(self, folder: Path, environments: Path, postgres: Postgres, durability: str) -> None:
        super().__init__(folder, postgres)
        self.name = f"by hand, {durability}"
        self.durability, self.environments = durability, environments
        self.database = postgres.make(f"hand_{durability}")
        self.doors = {self.name: self.open}

    def command(self) -> tuple[list[object], Path, Mapping[str, object]]:
        """One process."""
        program = python(self.environments, "hand")
        return [program, "-m", "peers.hand", self.port, self.database, self.durability], HERE, QUIET

    async def open(self, thread: str, **options: Any) -> ByHand:
        """A WebSocket."""
        return await ByHand.open(f"ws://127.0.0.1:{self.port}/ws/{thread}", thread, **options)

    async def messages(self, thread: str) -> list[str]:
        """By its own route."""
        async with httpx.AsyncClient() as client:
            types: list[str] = (await client.get(f"{self.url}/state/{thread}")).json()["types"]
            return types


class OfLangGraphApi(Contestant):
    """A server of the LangGraph API that reads its graphs from a folder."""

    assistant = "agent"

    def __init__(self, folder: Path, environments: Path, postgres: Postgres | None = None) -> None:
        super().__init__(folder, postgres)
        self.environments = environments
        self.doors = {self.name: lambda thread: OverSdk.open(self.url, self.assistant, thread)}

    def application(self, configuration: str) -> Path:
        """A folder with the graph and its configuration."""
        folder = self.folder / self.name.replace(" ", "-")
        folder.mkdir(exist_ok=True)
        shutil.copy(HERE / "graph.py", folder)
        graphs = {"dependencies": ["."], "graphs": {self.assistant: "./graph.py:graph"}}
        (folder / configuration).write_text(json.dumps(graphs))
        return folder

    async def messages(self, thread: str) -> list[str]:
        """By the protocol."""
        return await sdk_messages(self.url, thread)


class Aegra(OfLangGraphApi):
    """Aegra, over PostgreSQL."""

    name, health = "Aegra", "/health"

    def __init__(self, folder: Path, environments: Path, postgres: Postgres) -> None:
        super().__init__(folder, environments, postgres)
        self.database = postgres.make("aegra")

    def command(self) -> tuple[list[object], Path, Mapping[str, object]]:
        """By uvicorn, as its own command starts it in production."""
        serve = ["-m", "uvicorn", "aegra_api.main:app", "--port", self.port, "--log-level", "warning"]
        told = {"DATABASE_URL": self.database, "LOG_LEVEL": "WARNING", "ENV_MODE": "PRODUCTION"}
        folder = self.application("aegra.json")
        return [python(self.environments, "aegra"), *serve], folder, {**told, "LANGSMITH_TRACING": "false"}


class LangGraphDev(OfLangGraphApi):
    """``langgraph dev``, which keeps everything in memory."""

    name = "langgraph dev"

    def command(self) -> tuple[list[object], Path, Mapping[str, object]]:
        """Its command, without reloading."""
        program = python(self.environments, "langgraph-dev").with_name("langgraph")
        options = ["--no-browser", "--no-reload", "--server-log-level", "WARNING", "--n-jobs-per-worker", 50]
        folder = self.application("langgraph.json")
        return [program, "dev", "--port", self.port, *options], folder, {"LANGSMITH_TRACING": "false"}


class Parley(Contestant):
    """This checkout, by ``parley up``, through the gateway."""

    name, health = "Parley", "/health"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.data = folder / "parley"
        self.langgraph = free_port()
        self.doors = {
            "Parley, room": self.room,
            "Parley, agent": self.agent,
            "Parley, LangGraph API": self.api,
        }

    @property
    def environment(self) -> dict[str, object]:
        """Its settings: the graph behind every door, and no limit on how fast one client may ask."""
        others = ("PARLEY_QUOTE_PORT", "PARLEY_AGENT_WS_PORT", "PARLEY_AGENT_RUN_PORT")
        return {
            "PARLEY_DATA_DIR": self.data,
            "PARLEY_GRAPHS": "peer=peers.graph:graph",
            "PARLEY_ROOM_GRAPH": "peer",
            "PARLEY_AGENT_GRAPH": "peer",
            "PARLEY_MESSAGES_PER_SECOND": 0,
            "PARLEY_CONNECTIONS_PER_ADDRESS": 0,
            "PARLEY_PORT": self.port,
            "PARLEY_LANGGRAPH_PORT": self.langgraph,
            **{name: free_port() for name in others},
            **QUIET,
        }

    def command(self) -> tuple[list[object], Path, Mapping[str, object]]:
        """As ``make run``."""
        return [Path(sys.executable).with_name("parley"), "up"], self.folder, self.environment

    async def room(self, thread: str, **options: Any) -> Room:
        """A WebSocket of the room protocol."""
        url = f"ws://127.0.0.1:{self.port}/v3/?room_uid={thread}&user_uid=u"
        return await Room.open(url, thread, **options)

    async def agent(self, thread: str, **options: Any) -> Agent:
        """A WebSocket of the agent protocol."""
        return await Agent.open(f"ws://127.0.0.1:{self.port}/chat/{thread}", thread, **options)

    async def api(self, thread: str) -> OverSdk:
        """The LangGraph API."""
        return await OverSdk.open(f"http://127.0.0.1:{self.langgraph}", "peer", thread)

    async def messages(self, thread: str) -> list[str]:
        """By the LangGraph API."""
        return await sdk_messages(f"http://127.0.0.1:{self.langgraph}", thread)
