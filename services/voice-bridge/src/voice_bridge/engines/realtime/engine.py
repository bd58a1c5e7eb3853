"""`RealtimeEngine`, whose sessions are sessions of the Realtime API."""

import openai
from prometheus_client import Counter

from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.engines.realtime.model import Limits, Model
from voice_bridge.engines.realtime.session import RealtimeSession
from voice_bridge.ports import Surroundings


class RealtimeEngine:
    """An `Engine` whose sessions are sessions of the Realtime API."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        model: Model,
        unread: Counter,
        *,
        vad: VadSettings | None = None,
        limits: Limits | None = None,
    ) -> None:
        """Use `client`, whose address and key apply; `close` closes it.

        Args:
            unread: counts, by type, the service's events that mean nothing here.
        """
        self._unread = unread
        self._client = client
        self._model = model
        self._vad = vad or VadSettings()
        self._limits = limits or Limits()

    def session(self, surroundings: Surroundings) -> RealtimeSession:
        """As `Engine.session`."""
        return RealtimeSession(self._client, self._model, self._vad, self._limits, self._unread, surroundings)

    async def close(self) -> None:
        """As `Engine.close`."""
        await self._client.close()
