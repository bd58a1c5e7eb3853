"""A node that calls `sys.exit` ends its run, and not the process that answers everybody else.

asyncio lets `SystemExit` and `KeyboardInterrupt` of any task out of its event loop. Within a run they become
ordinary errors before the loop sees them.
"""

import asyncio
import sys
from collections.abc import Coroutine, Generator, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from typing import Any, Final

from agent_runner.engine.effects import EFFECTS

_CONTAINED: Final[ContextVar[bool]] = ContextVar("contained", default=False)


class NodeExited(RuntimeError):
    """A node tried to end the process."""


def ordinary(error: BaseException) -> Exception:
    """What a node has raised, as an error that ends its run and nothing else."""
    return error if isinstance(error, Exception) else NodeExited(f"a node raised {type(error).__name__}")


@contextmanager
def contained() -> Iterator[None]:
    """Within, what a graph raises is an ordinary error, in its tasks too; only for `keep_running`'s loop."""
    token = _CONTAINED.set(True)
    try:
        yield
    except (Exception, GeneratorExit):
        raise
    except BaseException as error:
        own = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and own and own.cancelling():
            raise
        raise ordinary(error) from error
    finally:
        _CONTAINED.reset(token)


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
    around = context if context is not None else copy_context()
    return _without_exit(coro) if around.get(EFFECTS) or around.get(_CONTAINED) else coro


async def _without_exit(coro: Any) -> Any:
    try:
        return await coro
    except (SystemExit, KeyboardInterrupt) as error:
        raise NodeExited(f"a node raised {type(error).__name__}") from error
