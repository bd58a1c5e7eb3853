"""What a voice engine tells."""

import asyncio
from collections.abc import AsyncIterator

from voice_bridge.domain.speech import EngineEvent


async def until(events: AsyncIterator[EngineEvent], kind: type[EngineEvent]) -> list[EngineEvent]:
    """The events up to the first of a kind."""
    seen = []
    async with asyncio.timeout(20):
        async for event in events:
            seen.append(event)
            if isinstance(event, kind):
                return seen
    raise AssertionError(f"the engine ended before {kind.__name__}: {seen}")
