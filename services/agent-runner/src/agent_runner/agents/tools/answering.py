"""How a tool of this package answers: JSON text for the model, the plain value as artifact."""

import functools
import json
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec

from langchain_core.tools import BaseTool, StructuredTool

P = ParamSpec("P")


class ToolFailed(ValueError):
    """A tool could not do what was asked; its text tells the user why."""


def tool_of(function: Callable[P, Awaitable[Any]], *, commits: bool = False) -> BaseTool:
    """A tool with the function's name, signature and docstring; the value must be JSON's."""

    @functools.wraps(function)
    async def answer(*args: P.args, **kwargs: P.kwargs) -> tuple[str, Any]:
        value = await function(*args, **kwargs)
        return json.dumps(value, ensure_ascii=False), value

    return StructuredTool.from_function(
        coroutine=answer,
        response_format="content_and_artifact",
        metadata={"commits": True} if commits else None,
        parse_docstring=False,
    )
