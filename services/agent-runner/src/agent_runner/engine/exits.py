"""A node that calls `sys.exit` ends its run, and not the process that answers everybody else.

asyncio lets `SystemExit` and `KeyboardInterrupt` of any task out of its event loop. Within a run they become
ordinary errors before the loop sees them.
"""

import asyncio
import sys
from collections.abc import Coroutine, Generator
from contextvars import Context
from typing import Any

from agent_runner.engine.effects import EFFECTS


class NodeExited(RuntimeError):
    """A node tried to end the process."""


def ordinary(error: BaseException) -> Exception:
    """What a node has raised, as an error that ends its run and nothing else."""
    return error if isinstance(error, Exception) else NodeExited(f"a node raised {type(error).__name__}")


def keep_running(loop: asyncio.AbstractEventLoop) -> None:
    """Let no run end the process whose event loop this is."""
    loop.set_task_factory(_task)
    if sys.version_info >= (3, 12):
        eager = asyncio.eager_task_factory

        def kept(
            loop: asyncio.AbstractEventLoop, coro: Any, *, context: Context | None = None, **more: Any
        ) -> Any:
            return eager(loop, _kept(coro, context), context=context, **more)

        asyncio.eager_task_factory = kept  # LangGraph asks for it by name


def _task(
    loop: asyncio.AbstractEventLoop,
    coro: Coroutine[Any, Any, Any] | Generator[Any, None, Any],
    *,
    context: Context | None = None,
    **more: Any,
) -> "asyncio.Task[Any]":
    return asyncio.Task(_kept(coro, context), loop=loop, context=context, **more)


def _kept(coro: Any, context: Context | None) -> Any:
    in_run = context.get(EFFECTS) if context is not None else EFFECTS.get()
    return coro if in_run is None else _without_exit(coro)


async def _without_exit(coro: Any) -> Any:
    try:
        return await coro
    except (SystemExit, KeyboardInterrupt) as error:
        raise NodeExited(f"a node raised {type(error).__name__}") from error
