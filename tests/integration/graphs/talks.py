"""The same talk with a graph over each protocol and in-process, and what comes of its turns in one form."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from unittest.mock import ANY
from urllib.parse import quote
from uuid import uuid4

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph
from langgraph.store.memory import InMemoryStore
from langgraph.types import Command
from websockets.asyncio.client import ClientConnection, connect

TURN_SECONDS = 45
PROTOCOLS = ("octo", "agent", "room")


@dataclass(frozen=True)
class Answer:
    """What a person says to the question that waits longest.

    Attributes:
        words: how it is said on agent and room.
        resume: what LangGraph is given for it.
        frame: what octo is given; left out, the words.
    """

    words: str
    resume: Any
    frame: dict[str, Any] | None = None


def text(words: str) -> Answer:
    """An answer in words that reaches the graph as they are."""
    return Answer(words, words)


YES = Answer("yes", True, {"approve": True})
NO = Answer("no", False, {"approve": False})
Turn: TypeAlias = str | Answer


@dataclass(frozen=True)
class Outcome:
    """How a turn ended: with a reply, or with questions.

    Attributes:
        schemas: the questions' response schemas, where they have any.
    """

    reply: str | None = None
    questions: tuple[Any, ...] = ()
    schemas: tuple[Any, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Kind:
    """A graph and a talk with it.

    Attributes:
        graph: as LangGraph runs it in-process.
    """

    name: str
    graph: Any
    turns: tuple[Turn, ...]


async def in_process(kind: Kind) -> list[Outcome]:
    """What LangGraph itself gives, turn by turn."""
    graph = kind.graph
    if isinstance(graph, StateGraph):
        graph = graph.compile(checkpointer=InMemorySaver(), store=InMemoryStore())
    else:
        graph = graph.copy(update={"checkpointer": InMemorySaver(), "store": InMemoryStore()})
    config: Any = {"configurable": {"thread_id": "t", "user_id": "anonymous"}, "recursion_limit": 100}
    context = {"user_id": "anonymous"} if graph.context_schema else None
    outcomes: list[Outcome] = []
    waiting: list[Any] = []
    for turn in kind.turns:
        given: Any = {"messages": [HumanMessage(turn)]} if isinstance(turn, str) else None
        if isinstance(turn, Answer):
            given = Command(resume={waiting[0].id: turn.resume}) if waiting else None
        result = await graph.ainvoke(given, config, context=context)
        state = await graph.aget_state(config)
        waiting = list(state.interrupts)
        if waiting:
            schemas = tuple(one.response_schema for one in waiting if one.response_schema)
            outcomes.append(Outcome(None, tuple(_plain(one.value) for one in waiting), schemas))
        elif state.next:
            outcomes.append(Outcome(questions=({"next": list(state.next)},)))
        else:
            outcomes.append(Outcome(reply=_reply(result)))
    return outcomes


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=str))


def _reply(result: Any) -> str:
    messages = result.get("messages") if isinstance(result, dict) else None
    if messages:
        return str(messages[-1].text)
    return result if isinstance(result, str) else json.dumps(result)


class _Talk:
    """A conversation over one protocol."""

    def __init__(self, socket: ClientConnection, key: str) -> None:
        self.socket = socket
        self.key = key

    async def receive(self) -> dict[str, Any]:
        async with asyncio.timeout(TURN_SECONDS):
            frame: dict[str, Any] = json.loads(await self.socket.recv())
            return frame

    async def take(self, turn: Turn, expected: Outcome) -> Outcome:
        """One turn; `expected` tells how many questions are to come. What goes wrong is an outcome, too."""
        try:
            return await self._take(turn, expected)
        except TimeoutError:
            return Outcome(error="nothing came")
        except (AssertionError, KeyError, TypeError) as error:
            return Outcome(error=repr(error))

    async def _take(self, turn: Turn, expected: Outcome) -> Outcome:
        raise NotImplementedError


class Octo(_Talk):
    """Over octo."""

    async def _take(self, turn: Turn, expected: Outcome) -> Outcome:
        if isinstance(turn, str):
            said: dict[str, Any] = {"message": turn}
        else:
            said = {"type": "human_response"} | (turn.frame or {"response": turn.words})
        await self.socket.send(json.dumps(said))
        asked: list[Any] = []
        schemas: list[Any] = []
        while len(asked) < max(1, len(expected.questions)):
            frame = await self.receive()
            match frame:
                case {"type": "final"}:
                    return Outcome(reply=frame["content"])
                case {"type": "error"}:
                    return Outcome(error=frame["error"])
                case {"type": "hitl_request", "context": {"interrupt_id": _, **context}}:
                    schemas += [context.pop("response_schema")] if "response_schema" in context else []
                    asked.append(context)
        return Outcome(None, tuple(asked), tuple(schemas))


class Agent(_Talk):
    """Over the agent protocol, which has the wording of questions only."""

    async def _take(self, turn: Turn, expected: Outcome) -> Outcome:
        words = turn if isinstance(turn, str) else turn.words
        frame = {"type": "client", "message": words, "message_id": str(uuid4())}
        await self.socket.send(json.dumps(frame))
        said: list[str] = []
        while True:
            match await self.receive():
                case {"type": "message_end"}:
                    break
                case {"type": "agent_error", "error": error}:
                    return Outcome(error=error)
                case {"step_type": "FinalAnswerStep", "message": message}:
                    said.append(message)
        if expected.questions:
            return Outcome(questions=tuple(said[-len(expected.questions) :]))
        return Outcome(reply=said[-1])


class Room(_Talk):
    """Over the room protocol."""

    async def _take(self, turn: Turn, expected: Outcome) -> Outcome:
        words = turn if isinstance(turn, str) else turn.words
        sent = {"action": "sendmsg", "org_id": "o", "room_uid": self.key, "user_id": "u", "msg": words}
        await self.socket.send(json.dumps(sent))
        said, asked, open_runs = "", list[Any](), set[str]()
        while True:
            frame = await self.receive()
            match frame:
                case {"event": "on_chain_start" | "on_tool_start", "run_id": run_id}:
                    open_runs.add(run_id)
                case {"event": "on_chain_end" | "on_tool_end" | "on_tool_error", "run_id": run_id}:
                    open_runs.discard(run_id)
                case {"event": _}:
                    pass
                case _:  # a new attempt begins the turn again
                    said, open_runs = "", set()
            match frame:
                case {"event": "on_chain_stream", "parent_ids": [], "data": {"chunk": chunk}}:
                    if "__interrupt__" in chunk:
                        asked = chunk["__interrupt__"]
                    else:
                        said = _last(chunk) or said
                case {"event": "on_chain_error", "parent_ids": []}:
                    return Outcome(error=frame["data"]["error"])
                case {"event": "on_chain_end", "parent_ids": []}:
                    assert not open_runs, "every start has its end"
                    values = tuple(one["value"] for one in asked)
                    schemas = tuple(one["response_schema"] for one in asked if "response_schema" in one)
                    return Outcome(None, values, schemas) if asked else Outcome(reply=said)


def _last(chunk: dict[str, Any]) -> str:
    """The newest message in what a node wrote, or what a graph without messages wrote."""
    for update in chunk.values():
        if isinstance(update, dict) and (messages := update.get("messages")):
            content = messages[-1]["content"] if isinstance(messages, list) else messages["content"]
            if isinstance(content, list):
                content = "".join(part.get("text", "") for part in content)
            return str(content)
        if isinstance(update, str):
            return update
    return ""


@dataclass
class Stage:
    """Where talks are held: a running stack."""

    stack: Any

    def address(self, protocol: str, key: str, graph: str) -> str:
        """Where a conversation of a protocol is."""
        main, agent = self.stack.url("PARLEY_PORT", "ws"), self.stack.url("PARLEY_AGENT_WS_PORT", "ws")
        return {
            "octo": f"{main}/ws/{quote(key)}?graph={graph}",
            "agent": f"{agent}/chat/{quote(key)}?graph={graph}",
            "room": f"{main}/v3/?room_uid={key}&user_uid=u&graph={graph}",
        }[protocol]

    async def hold(
        self, kind: Kind, protocol: str, expected: Sequence[Outcome], pause: asyncio.Barrier | None = None
    ) -> list[Outcome]:
        """What comes of each turn; at the `pause` behind the first one, all talks meet."""
        key = uuid4().hex[:12]
        outcomes: list[Outcome] = []
        async with connect(self.address(protocol, key, kind.name), max_size=None) as socket:
            talk: _Talk = {"octo": Octo, "agent": Agent, "room": Room}[protocol](socket, key)
            for number, (turn, awaited) in enumerate(zip(kind.turns, expected, strict=True)):
                if number == 1 and pause:
                    await pause.wait()
                if outcomes and outcomes[-1].error:
                    break
                outcomes.append(await talk.take(turn, awaited))
        return outcomes + outcomes[-1:] * (len(expected) - len(outcomes))

    async def say(self, graph: str, protocol: str, text: str) -> Outcome:
        """What comes of one message that is answered with a reply."""
        (outcome,) = await self.hold(Kind(graph, None, (text,)), protocol, [Outcome(reply="")])
        return outcome


def differs(protocol: str, expected: Outcome, came: Outcome) -> bool:
    """Whether a turn ended otherwise than in-process; of a question's value agent has the wording only."""
    shown = {
        "octo": _context,
        "room": lambda value: value,
        "agent": lambda value: value if isinstance(value, str) else ANY,
    }[protocol]
    schemas = () if protocol == "agent" else expected.schemas
    return came != Outcome(expected.reply, tuple(map(shown, expected.questions)), schemas)


def _context(value: Any) -> dict[str, Any]:
    """A question's value as octo has it."""
    match value:
        case {"question": _, "context": dict(context), **more} if not more:
            return context
        case dict():
            return value
    return {"value": value}
