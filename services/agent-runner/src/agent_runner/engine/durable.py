"""Calls within a node that are not made again after they have returned, whichever process goes on.

Tools of a `ToolNode` and chat models that are invoked are kept by LangChain's own hooks; `durable` keeps any
other function. Outside of a run everything is called as it is.
"""

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.outputs import ChatGeneration
from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.pregel import Pregel

from agent_runner.engine.effects import EFFECTS, Effects
from agent_runner.engine.updates import as_json

P = ParamSpec("P")
T = TypeVar("T")

READ_ONLY: Final = "read_only"
"""Key of a tool's metadata, or its tag: its calls may be made again."""
_KEPT: Final = "_parley_keeps_calls"


def durable(function: Callable[P, T]) -> Callable[P, T]:
    """The function, called once for its arguments in a node: after a takeover it gives what it gave before.

    Its arguments and what it returns must be what a checkpoint can hold.
    """
    name = f"function:{getattr(function, '__qualname__', 'call')}"

    @wraps(function)
    async def awaited(*args: Any, **kwargs: Any) -> Any:
        effects, said = _effects(), _said(args, kwargs)
        if effects is None:
            return await asynchronous(*args, **kwargs)
        outcome, is_known = effects.known(name, said)
        if not is_known:
            outcome = await asynchronous(*args, **kwargs)
            await effects.keep(name, said, outcome)
        return outcome

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        effects, said = _effects(), _said(args, kwargs)
        if effects is None:
            return function(*args, **kwargs)
        outcome, is_known = effects.known(name, said)
        if not is_known:
            outcome = function(*args, **kwargs)
            _keep(effects, name, said, outcome)
        return outcome

    asynchronous: Any = function
    wrapped: Any = awaited if inspect.iscoroutinefunction(function) else called
    kept: Callable[P, T] = wrapped
    return kept


def keep_calls(graph: Pregel[Any, Any, Any, Any]) -> None:
    """Keep the outcomes of the tools in a graph and its subgraphs."""
    for node in graph.nodes.values():
        bound = node.bound
        if isinstance(bound, Pregel):
            keep_calls(bound)
        elif isinstance(bound, ToolNode) and not getattr(bound, _KEPT, False):
            setattr(bound, _KEPT, True)
            _keep_tools(bound)


def _keep_tools(node: ToolNode) -> None:
    inner = node._awrap_tool_call
    blocking = node._wrap_tool_call

    async def wrapped(request: ToolCallRequest, execute: Callable[[ToolCallRequest], Awaitable[Any]]) -> Any:
        async def kept(given: ToolCallRequest) -> Any:
            effects = _effects()
            if effects is None or _is_read_only(given.tool):
                return await execute(given)
            call = given.tool_call
            said = _said((call["id"], call["args"]), {})
            name = f"tool:{call['name']}"
            outcome, is_known = effects.known(name, said)
            if not is_known:
                outcome = await execute(given)
                await effects.keep(name, said, outcome)
            return outcome

        return await (inner(request, kept) if inner else kept(request))

    if inner is not None or blocking is None:
        node._awrap_tool_call = wrapped


def _is_read_only(tool: Any) -> bool:
    return bool((getattr(tool, "metadata", None) or {}).get(READ_ONLY)) or READ_ONLY in (
        getattr(tool, "tags", None) or ()
    )


class KeptModelCalls(BaseCache):
    """LangChain's cache of models, with the run's log for its memory: an answer is for the same call only."""

    def __init__(self, below: BaseCache | None) -> None:
        """`below` is the cache that was set before."""
        self._below = below

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """What an earlier attempt was answered."""
        kept = self._kept(prompt, llm_string)
        return kept or (await self._below.alookup(prompt, llm_string) if self._below else None)

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Keep an answer."""
        effects, messages = _effects(), _messages(return_val)
        if effects is not None and messages:
            await effects.keep("model", _said((prompt, llm_string), {}), messages)
        if self._below:
            await self._below.aupdate(prompt, llm_string, return_val)

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """What an earlier attempt was answered, for a thread of a node."""
        kept = self._kept(prompt, llm_string)
        return kept or (self._below.lookup(prompt, llm_string) if self._below else None)

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Keep an answer that a thread of a node was given."""
        effects, messages = _effects(), _messages(return_val)
        if effects is not None and messages:
            _keep(effects, "model", _said((prompt, llm_string), {}), messages)
        if self._below:
            self._below.update(prompt, llm_string, return_val)

    def _kept(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        effects = _effects()
        if effects is None:
            return None
        found, is_known = effects.known("model", _said((prompt, llm_string), {}))
        return [ChatGeneration(message=message) for message in found] if is_known else None

    def clear(self, **kwargs: Any) -> None:
        """The log forgets nothing."""


def keep_model_calls() -> None:
    """Keep what chat models answer in runs of this process."""
    if not isinstance(below := get_llm_cache(), KeptModelCalls):
        set_llm_cache(KeptModelCalls(below))


def _effects() -> Effects | None:
    effects = EFFECTS.get()
    return effects if isinstance(effects, Effects) and effects.keeps_calls else None


def _said(args: Sequence[Any], kwargs: dict[str, Any]) -> bytes:
    return json.dumps(as_json([list(args), kwargs]), ensure_ascii=False, sort_keys=True).encode()


def _messages(generations: Sequence[Any]) -> list[Any]:
    """What chat models said; nothing where one of them is no chat model's."""
    messages = [getattr(generation, "message", None) for generation in generations]
    return [] if None in messages else messages


def _keep(effects: Effects, name: str, said: bytes, outcome: Any) -> None:
    """Keep what a call has come to in a thread; on the loop's own thread, as soon as it can."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run_coroutine_threadsafe(effects.keep(name, said, outcome), effects.loop).result()
    else:
        effects.note(name, said, outcome)
