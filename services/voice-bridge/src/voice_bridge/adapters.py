"""What engines need of other services: the commands that can be said to the agent."""

import time
from typing import Final

from contracts.queries import SPOKEN_COMMANDS, SpokenCommands, SpokenCommandsQuery
from eventlog.broker import Broker
from eventlog.ports import LogError
from eventlog.query import ask
from voice_bridge.engines.local.catalogue import Catalogue
from voice_bridge.ports import EngineError

_FRESH_SECONDS: Final = 60.0


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
