"""Tools with side effects: the intent is logged before the call and the outcome after it.

A takeover finds the outcome in the log and does not call again; where only the intent is there, it calls
with the same id, by which the tool can tell that it is the same call.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from langchain_core.messages import ToolCall, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool

from agent_runner.engine.updates import as_json
from contracts.envelope import Recorded
from contracts.events import Event, ToolCalled, ToolReturned
from eventlog.ports import Log
from eventlog.turns.journal import Journal


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
        self, log: Log, journal: Journal, work: Recorded, begins: int, shared: Mapping[str, Any]
    ) -> None:
        """`begins` is where the conversation begins in the log, `shared` what all events of the run have."""
        super().__init__(log, work.conversation, begins)
        self._journal = journal
        self._work = work
        self._shared = shared
        self._waiting: list[Event] = []

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


async def call_with_effects(tool: BaseTool, call: ToolCall, config: RunnableConfig) -> Any:
    """Call a tool, through the run's `Effects` where it commits the user to something."""
    effects = EFFECTS.get()
    if isinstance(effects, Effects) and commits(tool):
        return await effects.call(tool, call, config)
    return await call_tool(tool, call, config)
