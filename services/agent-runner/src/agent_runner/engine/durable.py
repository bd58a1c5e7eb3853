"""Calls within a node that are not made again after they have returned, whichever process goes on.

Tools of a `ToolNode` are kept by its own hooks, chat models by `kept_models`; `durable` keeps any other
function. Outside of a run everything is called as it is.
"""

import inspect
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from langgraph.prebuilt import ToolNode
from langgraph.prebuilt.tool_node import ToolCallRequest
from langgraph.pregel import Pregel

from agent_runner.engine.effects import encoded, keeping

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
        effects, said = keeping(), encoded(args, kwargs)
        if effects is None:
            return await asynchronous(*args, **kwargs)
        outcome, is_known = effects.known(name, said)
        if not is_known:
            outcome = await asynchronous(*args, **kwargs)
            await effects.keep(name, said, outcome)
        return outcome

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        effects, said = keeping(), encoded(args, kwargs)
        if effects is None:
            return function(*args, **kwargs)
        outcome, is_known = effects.known(name, said)
        if not is_known:
            outcome = function(*args, **kwargs)
            effects.keep_from_thread(name, said, outcome)
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
            effects = keeping()
            if effects is None or _is_read_only(given.tool):
                return await execute(given)
            call = _call(given)
            outcome, is_known = effects.known(*call)
            if not is_known:
                outcome = await execute(given)
                await effects.keep(*call, outcome)
            return outcome

        return await (inner(request, kept) if inner else kept(request))

    def wrapped_blocking(request: ToolCallRequest, execute: Callable[[ToolCallRequest], Any]) -> Any:
        def kept(given: ToolCallRequest) -> Any:
            effects = keeping()
            if effects is None or _is_read_only(given.tool):
                return execute(given)
            call = _call(given)
            outcome, is_known = effects.known(*call)
            if not is_known:
                outcome = execute(given)
                effects.keep_from_thread(*call, outcome)
            return outcome

        return blocking(request, kept) if blocking else kept(request)

    if inner is not None or blocking is None:
        node._awrap_tool_call = wrapped
    if blocking is not None:
        node._wrap_tool_call = wrapped_blocking


def _call(request: ToolCallRequest) -> tuple[str, bytes]:
    call = request.tool_call
    return f"tool:{call['name']}", encoded((call["id"], call["args"]), {})


def _is_read_only(tool: Any) -> bool:
    return bool((getattr(tool, "metadata", None) or {}).get(READ_ONLY)) or READ_ONLY in (
        getattr(tool, "tags", None) or ()
    )
