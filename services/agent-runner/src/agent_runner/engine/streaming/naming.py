"""Ids of what chat models say, which a later attempt at a run gives again.

Who saw a message begin whose runner died then sees the new one take its place, since by LangGraph's streaming
protocol a message that begins anew under the same id has no text yet. LangGraph's modes have no such
beginning: their clients add up what comes under an id, so there every attempt has ids of its own.
"""

from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, Final
from uuid import UUID, uuid5

from langchain_core.callbacks import AsyncCallbackManager, CallbackManager
from langchain_core.runnables import RunnableConfig
from langgraph.config import get_config

NAMING: ContextVar["Naming | None"] = ContextVar("naming", default=None)
"""Of the run that the current task belongs to; None where its messages have ids that nobody else has."""
_NAMED: Final = "_parley_names_messages"


class Naming:
    """Names the calls of chat models in one run: by the task that makes them, and the number there."""

    def __init__(self, run_id: str) -> None:
        self._run_id = UUID(run_id)
        self._calls: Counter[str] = Counter()

    def next(self) -> UUID | None:
        """The id of the next call of the current task; None outside of one."""
        try:
            task = _task(get_config())
        except RuntimeError:
            return None
        if task is None:
            return None
        self._calls[task] += 1
        return uuid5(self._run_id, f"{task} {self._calls[task]}")


def _task(config: RunnableConfig) -> str | None:
    """A name of the task that a later attempt gives the same task; None outside of one.

    A task's id is made of the state behind it. A subgraph's state is in the log before its tasks begin, but
    the root's may come to the log after them, so its tasks are named by their place in the run.
    """
    namespace: str = (config.get("configurable") or {}).get("checkpoint_ns") or ""
    if "|" in namespace:
        return namespace
    about = config.get("metadata") or {}
    return f"{about.get('langgraph_step')} {about.get('langgraph_path')}" if namespace else None


def name_messages() -> None:
    """Let LangChain's callbacks give the ids, of which it makes those of messages."""
    for kind in (AsyncCallbackManager, CallbackManager):
        if not hasattr(kind.on_chat_model_start, _NAMED):
            # A call's id can be chosen by its caller only, which is the graph's own code.
            kind.on_chat_model_start = _named(kind.on_chat_model_start)  # type: ignore[method-assign]


def _named(start: Callable[..., Any]) -> Any:
    @wraps(start)
    def named(self: Any, serialized: Any, messages: Any, run_id: UUID | None = None, **more: Any) -> Any:
        naming = NAMING.get()
        identity = run_id or (naming and naming.next())
        return start(self, serialized, messages, run_id=identity, **more)

    setattr(named, _NAMED, True)
    return named
