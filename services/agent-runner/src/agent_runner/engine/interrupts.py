"""What a graph asks a person when it stops: its interrupts as questions. Pure."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from langgraph.types import Interrupt

from agent_runner.engine.updates import as_json
from contracts.events import Question

_WORDINGS: Final = (
    "question",
    "message",
    "prompt",
    "description",
    "instruction",
    "text",
    "title",
    "ask",
    "query",
)
"""Where the values that people pass to ``interrupt`` have their wording, the likeliest first."""


def questions_of(interrupts: Iterable[Interrupt]) -> tuple[Question, ...]:
    """The questions that interrupts ask, in their order."""
    return tuple(question_of(one.id, one.value, one.response_schema) for one in interrupts)


def question_of(interrupt_id: str, asked: Any, response_schema: Any = None) -> Question:
    """The question of one interrupt: its value whole, as JSON, and how it reads."""
    value = as_json(asked)
    return Question(
        interrupt_id=interrupt_id,
        question=wording(value),
        context=_context(value),
        value=value,
        response_schema=response_schema if isinstance(response_schema, dict) else None,
    )


def breakpoint_of(checkpoint_id: str, nodes: Iterable[str]) -> Question:
    """The question of a graph that was compiled to stop before or behind a node."""
    waiting = list(nodes)
    named = ", ".join(waiting)
    return Question(
        interrupt_id=checkpoint_id,
        question=f"{named} 단계를 진행할까요? / Shall {named} go on?",
        context={"next": waiting},
        value={"next": waiting},
        kind="breakpoint",
    )


def wording(value: Any) -> str:
    """What of an interrupt's value a person should read."""
    match value:
        case str():
            return value
        case {"action_requests": [*actions]}:
            return "\n\n".join(map(_action, actions))
        case {"action_request": action, **more}:
            told = more.get("description")
            return told if isinstance(told, str) and told else _action(action)
        case {"type": "tool_approval"}:
            return _action(value)
        case dict():
            for name in _WORDINGS:
                if isinstance(text := value.get(name), str) and text:
                    return text
        case [_, *_] if all(isinstance(one, dict | str) for one in value):
            return "\n\n".join(map(wording, value))
    return json.dumps(value, ensure_ascii=False)


def _action(action: Any) -> str:
    if not isinstance(action, Mapping):
        return wording(action)
    if isinstance(told := action.get("description"), str) and told:
        return told
    arguments = action.get("args")
    named = arguments if isinstance(arguments, Mapping) else {}
    listed = ", ".join(f"{name}={json.dumps(one, ensure_ascii=False)}" for name, one in named.items())
    return f"{action.get('name') or action.get('action')}({listed})"


def _context(value: Any) -> dict[str, Any]:
    """The value where it is an object, or its ``context`` where beside that there is only the question."""
    match value:
        case {"question": _, "context": dict(context), **more} if not more:
            return context
        case dict():
            return value
        case _:
            return {"value": value}
