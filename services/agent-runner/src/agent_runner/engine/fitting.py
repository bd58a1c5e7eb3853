"""How a message goes into a graph, and the reply comes out of its state, by the graph's schemas. Pure.

Read once when a graph is loaded, so that one which fits no message is refused before anybody speaks to it.
"""

import dataclasses
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

from langchain_core.messages import HumanMessage
from langgraph.pregel import Pregel
from pydantic import BaseModel

from agent_runner.engine.graph_settings import GraphSettings
from agent_runner.engine.steps import reply_of, text_of

Intake: TypeAlias = Callable[[HumanMessage, Mapping[str, str]], Any]
"""From a message and what is known of its run to the graph's input."""

MESSAGES: Final = "messages"


class Unfit(ValueError):
    """The graph fits no message; the text says why and what to do."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """The fields of a schema.

    Attributes:
        hints: types by name; None for a schema without fields, which is `whole`.
        required: the names that have to be given.
        hinted: those that the schema calls required although nothing asks for them.
    """

    hints: Mapping[str, Any] | None
    required: frozenset[str]
    whole: Any = None
    hinted: frozenset[str] = frozenset()


def intake_of(graph: Pregel[Any, Any, Any, Any], settings: GraphSettings) -> Intake:
    """How a message goes in.

    Raises:
        Unfit: if the graph has neither ``messages`` nor one text field, and no mapping is given.
    """
    shape = _input_of(graph)
    given = settings.input
    if isinstance(given, dict):
        return lambda message, facts: _filled(given, {"text": message.text, **facts})
    if isinstance(given, str):
        if shape.hints is not None and given not in shape.hints:
            raise Unfit(f"input: the graph has no field {given!r}, only {_listed(shape.hints)}")
        return _field(given, shape.hints[given] if shape.hints else str)
    if shape.hints is None:
        return _whole(shape.whole)
    if MESSAGES in shape.hints:
        return _field(MESSAGES, shape.hints[MESSAGES])
    texts = [name for name, hint in shape.hints.items() if _is(hint, str)]
    required = [name for name in texts if name in shape.required | shape.hinted]
    others = [name for name in shape.required if name not in texts]
    candidates = required if len(required) == 1 else texts
    if others or len(candidates) != 1:
        raise Unfit(
            f"the graph takes {_listed(shape.hints)}, neither messages nor one text: set `input` for it, to "
            "the name of the field that a message goes into or to an object with {text} in it"
        )
    return _field(candidates[0], str)


def reply_in(graph: Pregel[Any, Any, Any, Any], settings: GraphSettings) -> Callable[[Any], str]:
    """How the reply is read from the values of a finished run.

    Raises:
        Unfit: if the field that is named for it is none of the graph's.
    """
    builder = getattr(graph, "builder", None)
    hints = _shape(builder.output_schema).hints if builder is not None else None
    if (named := settings.reply) is not None:
        if builder is not None and named not in builder.channels:
            raise Unfit(f"reply: the graph has no field {named!r}, only {_listed(builder.channels)}")
        return lambda state: text_of(state.get(named)) if isinstance(state, Mapping) else text_of(state)
    if builder is None or hints is None or MESSAGES in hints:
        return reply_of
    outputs = [name for name in hints if builder.output_schema is not builder.state_schema or len(hints) == 1]
    if len(outputs) == 1:
        (only,) = outputs
        return lambda state: text_of(state.get(only)) if isinstance(state, Mapping) else text_of(state)
    if outputs and MESSAGES not in builder.channels:
        return lambda state: text_of({name: state[name] for name in outputs if name in state})
    return reply_of


def context_fields(graph: Pregel[Any, Any, Any, Any]) -> Shape | None:
    """The fields of the graph's runtime context; None where it has none."""
    schema = getattr(graph, "context_schema", None)
    return _shape(schema) if schema is not None else None


def _input_of(graph: Pregel[Any, Any, Any, Any]) -> Shape:
    builder = getattr(graph, "builder", None)
    if builder is not None:
        return _shape(builder.input_schema)
    return _shape(_taken_by(graph))


def _taken_by(graph: Pregel[Any, Any, Any, Any]) -> Any:
    """What a functional graph takes; where that is written as text, as its function's module has it."""
    taken = getattr(graph, "InputType", None) or Any
    if not isinstance(taken, str):
        return taken
    bound = next(iter(graph.nodes.values())).bound
    function = getattr(bound, "func", None) or getattr(bound, "afunc", None)
    try:
        return next(iter(get_type_hints(function).values()), Any)
    except (NameError, TypeError) as error:
        raise Unfit(f"the type {taken} cannot be read: {error}") from error


def _shape(schema: Any) -> Shape:
    try:
        if isinstance(schema, type) and issubclass(schema, BaseModel):
            fields = schema.model_fields
            required = (name for name, field in fields.items() if field.is_required())
            return Shape({name: field.annotation for name, field in fields.items()}, frozenset(required))
        if dataclasses.is_dataclass(schema) and isinstance(schema, type):
            hints = get_type_hints(schema)
            missing = dataclasses.MISSING
            without = (
                field.name
                for field in dataclasses.fields(schema)
                if field.default is missing and field.default_factory is missing
            )
            return Shape(hints, frozenset(without))
        if isinstance(schema, type) and hasattr(schema, "__required_keys__"):
            # LangGraph asks for none of them; which are needed is only a hint.
            return Shape(get_type_hints(schema), frozenset(), hinted=frozenset(schema.__required_keys__))
        if isinstance(schema, type) and schema.__module__ != "builtins" and (found := get_type_hints(schema)):
            return Shape(found, frozenset())
    except NameError as error:
        raise Unfit(f"the types of {schema.__name__} cannot be read: {error}") from error
    return Shape(None, frozenset(), schema)


def _whole(kind: Any) -> Intake:
    """For a graph that is one function, or whose state is one value."""
    if _is(kind, str):
        return lambda message, facts: message.text
    if _origin(kind) is list:
        return _listed_in(kind)
    if kind in (Any, None) or _origin(kind) in (dict, Mapping) or kind is object:
        return lambda message, facts: {MESSAGES: [message]}
    raise Unfit(f"the graph takes {kind!r}, neither messages nor a text: set `input` for it")


def _field(name: str, hint: Any) -> Intake:
    if name == MESSAGES and _origin(hint) is list:
        within = _listed_in(hint)
        return lambda message, facts: {name: within(message, facts)}
    if name == MESSAGES and not _is(hint, str):
        return lambda message, facts: {name: [message]}
    return lambda message, facts: {name: message.text}


def _listed_in(hint: Any) -> Intake:
    item = next(iter(get_args(_bare(hint))), Any)
    if _is(item, str):
        return lambda message, facts: [message.text]
    if _origin(item) is dict:
        return lambda message, facts: [{"role": "user", "content": message.text, "id": message.id}]
    return lambda message, facts: [message]


def _filled(template: Any, known: Mapping[str, str]) -> Any:
    if isinstance(template, Mapping):
        return {name: _filled(value, known) for name, value in template.items()}
    if isinstance(template, list):
        return [_filled(value, known) for value in template]
    if isinstance(template, str):
        for name, value in known.items():
            template = template.replace("{" + name + "}", value)
    return template


def _bare(hint: Any) -> Any:
    """Without `Annotated`, `NotRequired` and the like."""
    while hasattr(hint, "__metadata__") or str(get_origin(hint)).endswith(("NotRequired", "Required")):
        hint = get_args(hint)[0]
    return hint


def _origin(hint: Any) -> Any:
    bare = _bare(hint)
    return get_origin(bare) or bare


def _is(hint: Any, kind: type) -> bool:
    bare = _bare(hint)
    if get_origin(bare) in (Union, UnionType):
        return kind in get_args(bare)
    return bare is kind


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(name for name in names if not name.startswith(("__", "branch:"))) or "nothing"
