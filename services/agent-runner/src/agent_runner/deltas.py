"""The live deltas of one attempt at a run, numbered."""

from typing import Any

from contracts.live import Delta
from eventlog.live import Live


class Deltas:
    """Publishes without waiting for anybody."""

    def __init__(self, live: Live, conversation: str, run_id: str, attempt: int) -> None:
        self._live = live
        self._conversation = conversation
        self._run_id = run_id
        self._attempt = attempt
        self._index = 0

    async def send(self, kind: str, data: Any) -> None:
        """Publish the next delta; `data` is JSON."""
        delta = Delta(run_id=self._run_id, attempt=self._attempt, index=self._index, kind=kind, data=data)
        self._index += 1
        await self._live.publish(self._conversation, delta)
