"""The audio of a session, gathered only where the operator wants it kept."""

from collections.abc import Awaitable, Callable
from typing import Final

from voice_bridge.domain.speech import BYTES_PER_MS, AudioChunk, EngineEvent, TurnCommitted

_LONGEST_MS: Final = 120_000

Store = Callable[[bytes], Awaitable[str]]
"""Stores audio and gives the reference that events name it by."""


class Keeping:
    """What was said in the present turns; with no store nothing is gathered."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._heard = bytearray()
        self._turns: dict[str, bytes] = {}
        self._replies: dict[str, bytearray] = {}

    def push(self, pcm: bytes) -> None:
        """Audio of the user."""
        if self._store:
            self._heard += pcm
            del self._heard[: max(0, len(self._heard) - _LONGEST_MS * BYTES_PER_MS)]

    def hear(self, event: EngineEvent) -> None:
        """What the engine says about turns and replies."""
        if not self._store:
            return
        if isinstance(event, TurnCommitted):
            self._turns[event.item] = bytes(self._heard)
            self._heard.clear()
        elif isinstance(event, AudioChunk):
            self._replies.setdefault(event.reply, bytearray()).extend(event.pcm)

    def turn(self, item: str) -> bytes | None:
        """The user's audio of one turn, from the end of the one before; given once."""
        return self._turns.pop(item, None)

    def reply(self, reply: str) -> bytes | None:
        """The AI's audio of one reply, as generated; given once."""
        audio = self._replies.pop(reply, None)
        return bytes(audio) if audio else None

    async def store(self, pcm: bytes) -> str | None:
        """Store audio; its reference, None where nothing is kept."""
        return await self._store(pcm) if self._store else None
