"""What engines need of other services: the commands that can be said to the agent, and its tools."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from contracts.queries import SPOKEN_COMMANDS, SpokenCommands, SpokenCommandsQuery
from contracts.tools import CALL_TOOL, OFFERED_TOOLS, CallTool, OfferedTools, OfferedToolsQuery, ToolOutcome
from eventlog.broker import Broker
from eventlog.ports import LogError, Unavailable
from eventlog.query import ask
from voice_bridge.engines.local.catalogue import Catalogue
from voice_bridge.ports import EngineError, Tool

_FRESH_SECONDS: Final = 60.0
_DELAYS_SECONDS: Final = (0.2, 0.8)
"""Before a tool is called again because agent-runner did not answer."""


class AgentCommands:
    """The catalogue as agent-runner has it, asked again now and then."""

    def __init__(self, broker: Broker, timeout_seconds: float) -> None:
        self._broker = broker
        self._timeout = timeout_seconds
        self._known: Catalogue | None = None
        self._until = 0.0

    async def __call__(self) -> Catalogue:
        """The catalogue; the one known before while agent-runner does not answer.

        Raises:
            EngineError: if there is none yet.
        """
        if self._known is None or time.monotonic() > self._until:
            try:
                found = await ask(
                    self._broker,
                    SPOKEN_COMMANDS,
                    SpokenCommandsQuery(),
                    SpokenCommands,
                    timeout_seconds=self._timeout,
                )
            except LogError as error:
                if self._known is None:
                    raise EngineError(f"the agent's commands are not known: {error}") from error
            else:
                self._known = Catalogue(found.phrases, found.names)
                self._until = time.monotonic() + _FRESH_SECONDS
        return self._known


class AgentTools:
    """The agent's tools, which agent-runner calls and logs."""

    def __init__(self, broker: Broker, timeout_seconds: float, call_seconds: float) -> None:
        """`call_seconds` is how long one call of a tool may take."""
        self._broker = broker
        self._timeout = timeout_seconds
        self._call_seconds = call_seconds

    async def offered(self) -> Sequence[Tool]:
        """The tools as they are now.

        Raises:
            EngineError: if agent-runner does not tell.
        """
        question = OfferedToolsQuery()
        try:
            found = await ask(
                self._broker, OFFERED_TOOLS, question, OfferedTools, timeout_seconds=self._timeout
            )
        except LogError as error:
            raise EngineError(f"the agent's tools are not known: {error}") from error
        return [Tool(tool.name, tool.description, tool.parameters) for tool in found.tools]

    async def call(self, conversation: str, call_id: str, name: str, arguments: Mapping[str, Any]) -> str:
        """Call a tool for a conversation, by the next replica of agent-runner where one dies.

        Raises:
            EngineError: if nobody calls it.
        """
        request = CallTool(conversation=conversation, call_id=call_id, tool=name, arguments=dict(arguments))
        delays = iter(_DELAYS_SECONDS)
        while True:
            try:
                outcome = await ask(
                    self._broker, CALL_TOOL, request, ToolOutcome, timeout_seconds=self._call_seconds
                )
            except LogError as error:
                delay = next(delays, None) if isinstance(error, Unavailable) else None
                if delay is None:
                    raise EngineError(f"{name} could not be called: {error}") from error
                await asyncio.sleep(delay)
            else:
                return f"error: {outcome.output}" if outcome.failed else outcome.output
