"""Rules that read a conversation beside the event loop, and not for longer than they may."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from langchain_core.messages import BaseMessage

from agent_runner.agents.models.plans import goal_of
from agent_runner.agents.models.request import Request, understand
from agent_runner.agents.planning import Intent

READ_SECONDS: Final = 2.0
T = TypeVar("T")


async def beside(work: Callable[[], T], otherwise: T) -> T:
    """What `work` comes to in a thread, or `otherwise` when it takes too long."""
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await asyncio.to_thread(work)
    except TimeoutError:
        return otherwise


async def intent_of(messages: Sequence[BaseMessage]) -> Intent:
    """What the last message asks for, as far as rules can tell."""
    request = await beside(lambda: understand(messages), Request("beyond", "en", ""))
    return Intent(
        kind=request.kind,
        language=request.language,
        goal=goal_of(request),
        details=request.filters | request.details,
    )
