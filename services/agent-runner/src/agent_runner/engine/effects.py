"""Tools with side effects: the intent is logged before the call and the outcome after it.

A takeover finds the outcome in the log and does not call again; where only the intent is there, it calls
with the same id, by which the tool can tell that it is the same call.
"""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from hashlib import sha256
from typing import Any, Final

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.config import get_config

from agent_runner.engine.checkpointer import Stage
from agent_runner.engine.checkpointer.encoding import Encoding, Unstorable
from agent_runner.engine.updates import as_json
from contracts.envelope import Recorded
from contracts.events import CallReturned, Event, ToolCalled, ToolReturned
from contracts.events.checkpoint import Blob
from eventlog.ports import Log
from eventlog.turns.journal import Journal

logger = logging.getLogger(__name__)

STAGE_SECONDS: Final = 30.0
"""How long the checkpointer may take to hand over a checkpoint that the graph has announced."""
_STATES: Final = "checkpoint_map"
"""Where LangGraph tells a task the checkpoints that it and its graphs began from, by namespace."""
_ENCODING: Final = Encoding(JsonPlusSerializer())


def _identity(name: str, said: bytes) -> str:
    """The same for the same call of the same task, at every attempt."""
    task = str((get_config().get("configurable") or {}).get("checkpoint_ns", ""))
    return sha256(b"\0".join((task.encode(), name.encode(), said))).hexdigest()[:32]


def commits(tool: BaseTool) -> bool:
    """Whether a call of this tool commits the user to something."""
    return bool((tool.metadata or {}).get("commits"))


async def call_tool(tool: BaseTool, call: ToolCall, config: RunnableConfig) -> Any:
    """The tool's artifact where it is plain JSON, else the text of its answer."""
    message = await tool.ainvoke(call, config)
    if not isinstance(message, ToolMessage):
        return message
    if message.status == "error":
        raise ToolError(message.text)
    return message.text if message.artifact is None else message.artifact


class ToolError(RuntimeError):
    """A tool answered that it failed."""


class Facts:
    """What tools know of the conversation they are called for, and add to it.

    Attributes:
        recorded: facts that are to commit with the call or the step they belong to.
    """

    def __init__(self, log: Log, conversation: str, begins: int) -> None:
        """`begins` is where the conversation begins in the log."""
        self.recorded: list[Event] = []
        self._log = log
        self._conversation = conversation
        self._begins = begins

    def record(self, fact: Event) -> None:
        """Let a fact commit with what it belongs to."""
        self.recorded.append(fact)

    async def facts(self, pattern: str) -> list[Event]:
        """The conversation's facts of some type, and behind them those recorded here, committed or not.

        Applying a fact twice, as may happen to those, must not change what comes of them.
        """
        stored = self._log.read(self._conversation, after=self._begins - 1, pattern=pattern)
        return [recorded.event async for recorded in stored] + self.recorded


class Effects(Facts):
    """The side effects of one attempt at a run."""

    def __init__(
        self,
        log: Log,
        journal: Journal,
        work: Recorded,
        begins: int,
        shared: Mapping[str, Any],
        *,
        keeps_calls: bool = False,
    ) -> None:
        """`begins` is where the conversation begins in the log, `shared` what all events of the run have.

        Attributes:
            stage: where the run's states wait, if they are stored as the graph comes to them.
        """
        super().__init__(log, work.conversation, begins)
        self.keeps_calls = keeps_calls
        self.stage: Stage | None = None
        self._journal = journal
        self._work = work
        self._shared = shared
        self._waiting: list[Event] = []
        self._loop = asyncio.get_running_loop()
        self._kept: Counter[str] = Counter()
        self._outcomes: dict[str, Blob] = {}

    async def call(self, tool: BaseTool, call: ToolCall, config: RunnableConfig) -> Any:
        """The tool's value, from the log where an earlier attempt has it already.

        Raises:
            ToolError: if an earlier attempt's call failed.
        """
        call_id = str(call["id"])
        if self._shared["attempt"] > 1 and (earlier := await self._returned(call_id)):
            if earlier.error is not None:
                raise ToolError(earlier.error)
            return earlier.result
        arguments = as_json(call["args"])
        self._journal.add(ToolCalled(**self._shared, call_id=call_id, tool=tool.name, arguments=arguments))
        await self._journal.flush()
        try:
            result = await call_tool(tool, call, config)
        except Exception as error:
            self._journal.add(*self.take(), ToolReturned(**self._shared, call_id=call_id, error=str(error)))
            raise
        returned = ToolReturned(**self._shared, call_id=call_id, result=as_json(result))
        self._journal.add(*self.take(), returned)
        return result

    async def load(self) -> None:
        """Learn what calls of earlier attempts have come to."""
        read = self._log.read(self._work.conversation, after=self._work.sequence, pattern=CallReturned.type)
        async for each in read:
            if isinstance(each.event, CallReturned):
                self._outcomes[each.event.call_id] = each.event.outcome

    def known(self, name: str, said: bytes) -> tuple[Any, bool]:
        """What a call within a node came to in an earlier attempt, and whether it is known.

        Args:
            name: what is called.
            said: what it is called with; the same call of a node, made again, is one more.
        """
        same = _identity(name, said)
        earlier = self._outcomes.get(f"{same}.{self._kept[same] + 1}")
        if earlier is None:
            return None, False
        self._kept[same] += 1
        return _ENCODING.load(earlier), True

    def note(self, name: str, said: bytes, outcome: Any) -> None:
        """Queue what a call has come to."""
        same = _identity(name, said)
        self._kept[same] += 1
        try:
            blob = _ENCODING.dump(outcome)
        except Unstorable as error:
            logger.warning("%s: its outcome is not kept: %s", name, error)
            return
        returned = CallReturned(**self._shared, call_id=f"{same}.{self._kept[same]}", name=name, outcome=blob)
        self._journal.add(*self.take(), returned)

    async def keep(self, name: str, said: bytes, outcome: Any) -> None:
        """Put what a call has come to into the log, behind the state that its task began from: a task has the
        same id at the next attempt only if that state is there."""
        state = (get_config().get("configurable") or {}).get(_STATES, {}).get("")
        if self.stage and state:
            await self.stage.send(state, STAGE_SECONDS)
        self.note(name, said, outcome)
        await self._journal.flush()

    def keep_from_thread(self, name: str, said: bytes, outcome: Any) -> None:
        """As `keep`, for a thread, which waits for it; on the loop's own thread, as soon as it can."""
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run_coroutine_threadsafe(self.keep(name, said, outcome), self._loop).result()
        else:
            self.note(name, said, outcome)

    def record(self, fact: Event) -> None:
        """Let a fact commit with the tool's outcome, or else with the step it belongs to."""
        self._waiting.append(fact)
        super().record(fact)

    def take(self) -> list[Event]:
        """The recorded facts that are to be committed now."""
        facts, self._waiting = self._waiting, []
        return facts

    async def _returned(self, call_id: str) -> ToolReturned | None:
        events = self._log.read(self._work.conversation, after=self._work.sequence, pattern=ToolReturned.type)
        async for recorded in events:
            if isinstance(recorded.event, ToolReturned) and recorded.event.call_id == call_id:
                return recorded.event
        return None


EFFECTS: ContextVar[Facts | None] = ContextVar("effects", default=None)
"""Of the run or call that the current task belongs to; None where nothing is kept."""


def keeping() -> Effects | None:
    """What keeps the calls of the current task's run; None where nothing does."""
    effects = EFFECTS.get()
    return effects if isinstance(effects, Effects) and effects.keeps_calls else None


def encoded(args: Sequence[Any], kwargs: Mapping[str, Any]) -> bytes:
    """What something is called with, the same for the same at every attempt."""
    return json.dumps(as_json([list(args), kwargs]), ensure_ascii=False, sort_keys=True).encode()


async def call_with_effects(tool: BaseTool, call: ToolCall, config: RunnableConfig) -> Any:
    """Call a tool, through the run's `Effects` where it commits the user to something."""
    effects = EFFECTS.get()
    if isinstance(effects, Effects) and commits(tool):
        return await effects.call(tool, call, config)
    return await call_tool(tool, call, config)
