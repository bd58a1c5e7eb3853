"""The tools over the sample data, ready to call, and graphs run over a log in memory."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
from langchain_core.tools import BaseTool

from agent_runner.agents.tools import built_in_tools
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.storage import MemoryDocuments
from agent_runner.engine.catalogue import Served
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.thread_states import ThreadReader
from agent_runner.engine.worker import Worker
from agent_runner.settings import RunnerSettings
from contracts.envelope import Recorded
from contracts.events import ENDS, AnswerReceived, ConversationStarted, Event, MessageReceived, RunRequested
from eventlog.author import Author
from eventlog.memory import MemoryLive, MemoryLog
from eventlog.turns.inbox import Inbox

Call: TypeAlias = Callable[..., Awaitable[Any]]


@pytest.fixture
def documents() -> MemoryDocuments:
    return MemoryDocuments()


@pytest.fixture
def tools(documents: MemoryDocuments) -> list[BaseTool]:
    return built_in_tools(DataFolder(), documents)


@pytest.fixture
def call(tools: list[BaseTool]) -> Call:
    """Calls a tool by name and returns its plain value."""
    return calling(tools)


@pytest.fixture
def called_in() -> Callable[[Path], Call]:
    """What calls the tools over a folder of the user's own."""
    return lambda folder: calling(built_in_tools(DataFolder(folder), MemoryDocuments()))


def calling(tools: list[BaseTool]) -> Call:
    by_name = {tool.name: tool for tool in tools}

    async def value_of(name: str, /, call_id: str = "call-1", **arguments: Any) -> Any:
        request = {"type": "tool_call", "id": call_id, "name": name, "args": arguments}
        return (await by_name[name].ainvoke(request)).artifact

    return value_of


class Runs:
    """A log, and runners that answer what is said to one conversation, each as if a process of its own."""

    KEY = "c"

    def __init__(self, graph: Any, log: MemoryLog | None = None, **settings: Any) -> None:
        self.log = log or MemoryLog()
        self.live = MemoryLive()
        self.author = Author(source="test")
        self.inbox = Inbox(self.log, self.author)
        self.graph = graph if isinstance(graph, Served) else Served(graph)
        self._settings = settings

    def runner(self) -> Worker:
        saver = LogCheckpointSaver(self.log, self.author)
        served = {"graph": self.graph.on(saver)}
        settings = RunnerSettings(**{"show_errors": True} | self._settings)
        return Worker(self.log, self.live, self.author, saver, served, Letters(), settings)

    def reader(self) -> ThreadReader:
        """What reads and changes the states, as another process has it."""
        saver = LogCheckpointSaver(self.log, self.author)
        return ThreadReader(
            self.log, self.author, self.inbox, saver, {"graph": self.graph.on(saver)}, "graph"
        )

    async def receive(self, text: str, protocol: str = "octo") -> Recorded:
        message = MessageReceived(addressee="x", text=text, protocol=protocol, message_id=str(uuid4()))
        opening = ConversationStarted(responder_name="agent-runner", graph="graph", protocol=protocol)
        return await self._at((await self.inbox.receive(self.KEY, message, opening)).sequence)

    async def requested(self, **options: Any) -> Recorded:
        """A run as the LangGraph API asks for one."""
        request = RunRequested(addressee="x", protocol="langgraph", **options)
        opening = ConversationStarted(responder_name="agent-runner", graph="graph", protocol="langgraph")
        return await self._at((await self.inbox.receive(self.KEY, request, opening)).sequence)

    async def answered(self, response: Any, interrupt_id: str | None = None) -> Recorded:
        identity = interrupt_id or await self._first_open()
        answer = AnswerReceived(addressee="x", interrupt_id=identity, protocol="octo", response=response)
        return await self._at((await self.inbox.answer(self.KEY, answer)).sequence)

    async def say(self, text: str) -> Any:
        """The event that ends the run."""
        return await self.run(await self.receive(text))

    async def answer(self, response: Any, interrupt_id: str | None = None) -> Any:
        """The event that ends the run."""
        return await self.run(await self.answered(response, interrupt_id))

    async def run(self, work: Recorded, runner: Worker | None = None) -> Any:
        await (runner or self.runner()).answer(work)
        (end,) = [event for event in await self.events(*ENDS) if event.run_id == work.id]
        return end

    async def killed(
        self, work: Recorded, reached: asyncio.Event, kind: type[Event] = Event, count: int = 0
    ) -> None:
        """A runner dies when the graph has reached something, and the log has so many events of a kind."""
        running = asyncio.create_task(self.runner().answer(work))
        await reached.wait()
        reached.clear()
        async with self.log.follow(self.KEY, after=work.sequence) as events:
            while count:
                count -= isinstance((await anext(events)).event, kind)
        running.cancel()
        await asyncio.wait({running})

    async def events(self, *kinds: type[Event]) -> list[Any]:
        return [each.event async for each in self.log.read(self.KEY) if isinstance(each.event, kinds)]

    async def _first_open(self) -> str:
        waiting = await self.inbox.waiting(self.KEY)
        assert waiting, "no question is open"
        return waiting.questions[0].interrupt_id

    async def _at(self, sequence: int) -> Recorded:
        found = await self.log.next(self.KEY, ">", after=sequence - 1)
        assert found
        return found


class Letters:
    """Takes dead letters, of which there should be none."""

    async def put(self, work: Recorded, reason: str) -> None:
        raise AssertionError(reason)


@pytest.fixture
def runs() -> type[Runs]:
    return Runs
