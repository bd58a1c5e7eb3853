"""What an answer becomes for the question that it answers. Pure; docs/adr/0034 tells the rules.

Whoever answers with an object, a list or a number knows the shape, so that is passed on. A yes, a no and
words are put into the shape that the question asks for: the decisions of LangChain's approval middleware,
what a response schema says, or for a plain yes-or-no question a boolean.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from agent_runner.engine.consent import asks_yes_or_no, verdict
from contracts.events import Question

_AGREEING: Final = ("approve", "approved", "accept", "accepted", "yes", "ok", "true", "confirm", "continue")
_REFUSING: Final = (
    "reject",
    "rejected",
    "ignore",
    "deny",
    "denied",
    "no",
    "false",
    "cancel",
    "decline",
    "refuse",
)
_TELLING: Final = ("respond", "response", "feedback", "edit", "reject")


class NotTaken(ValueError):
    """The question does not take this answer; the text says what it takes."""


def shaped(question: Question, said: Any) -> Any:
    """The answer as the graph's `interrupt` returns it.

    Args:
        said: a boolean for a yes or a no, words, or any other JSON.

    Raises:
        NotTaken: if the question allows no such answer.
    """
    if not isinstance(said, bool | str):
        return said
    match question.value:
        case {"action_requests": [*actions], "review_configs": [*configs]}:
            return _structured(said, "decisions") or {"decisions": list(_decisions(actions, configs, said))}
        case {"action_request": {}, "config": {}} as request:
            return _structured(said, "type") or _inbox(request, said)
        case [{"action_request": {}, "config": {}}, *_] as requests:
            return _structured(said, "type") or [_inbox(request, said) for request in requests]
    if question.response_schema is not None:
        return fitted(question.response_schema, said, question.response_schema)
    if isinstance(said, bool):
        return said
    if options := _options(question.value):
        return next((option for option in options if option.casefold() == said.strip().casefold()), said)
    if not asks_yes_or_no(question.question):
        return said
    if (decided := verdict(said)) is not None:
        return decided
    if (typed := _structured(said)) is None:
        raise NotTaken(f"yes or no: {question.question}")
    return typed


def _structured(said: bool | str, key: str = "") -> Any:
    """What was typed as JSON; with a `key`, only an object that has it, or a list of such."""
    if not isinstance(said, str) or not said.lstrip().startswith(("{", "[")):
        return None
    try:
        typed = json.loads(said)
    except (ValueError, RecursionError):
        return None
    objects = typed if isinstance(typed, list) else [typed]
    return typed if not key or all(isinstance(one, dict) and key in one for one in objects) else None


def _options(value: Any) -> list[str]:
    found = value.get("options") or value.get("choices") if isinstance(value, Mapping) else None
    is_texts = isinstance(found, list) and all(isinstance(option, str) for option in found)
    return found if is_texts and found else []


def _decisions(
    actions: Sequence[Mapping[str, Any]], configs: Sequence[Mapping[str, Any]], said: bool | str
) -> Iterator[dict[str, Any]]:
    """Source: langchain.agents.middleware.HumanInTheLoopMiddleware, its `HITLResponse`."""
    for index, action in enumerate(actions):
        name = str(action.get("name"))
        by_name = [config for config in configs if config.get("action_name") == name]
        config = configs[index] if index < len(configs) else by_name[0] if by_name else {}
        yield _decision(name, list(config.get("allowed_decisions") or ("approve", "reject")), said)


def _decision(name: str, allowed: Sequence[str], said: bool | str) -> dict[str, Any]:
    decided = said if isinstance(said, bool) else verdict(said)
    text = said if isinstance(said, str) else None
    if decided is True and "approve" in allowed:
        return {"type": "approve"}
    if decided is False and "reject" in allowed:
        return {"type": "reject"} if text is None else {"type": "reject", "message": text}
    if text is not None:
        arguments = _structured(text)
        if isinstance(arguments, dict) and "edit" in allowed:
            return {"type": "edit", "edited_action": {"name": name, "args": arguments}}
        for kind in ("respond", "reject"):
            if kind in allowed:
                return {"type": kind, "message": text}
    raise NotTaken(f"{name}: the answer must be one of {', '.join(allowed)}")


def _inbox(request: Mapping[str, Any], said: bool | str) -> dict[str, Any]:
    """Source: langgraph.prebuilt.interrupt, its `HumanResponse`."""
    config, action = request["config"], str(request["action_request"].get("action"))
    decided = said if isinstance(said, bool) else verdict(said)
    text = said if isinstance(said, str) else None
    if decided is True and config.get("allow_accept", True):
        return {"type": "accept", "args": None}
    if decided is False and config.get("allow_ignore", True):
        return {"type": "ignore", "args": None}
    if (text is not None or decided is False) and config.get("allow_respond", True):
        return {"type": "response", "args": text or "no"}
    allowed = [name.removeprefix("allow_") for name, allows in config.items() if allows]
    raise NotTaken(f"{action}: the answer must be one of {', '.join(allowed)}")


def fitted(schema: Any, said: bool | str, root: Mapping[str, Any]) -> Any:
    """The answer as a JSON Schema has it; `root` holds its definitions.

    Raises:
        NotTaken: if a yes, a no or words cannot become that.
    """
    schema = _resolved(schema, root)
    if isinstance(said, str) and (typed := _structured(said)) is not None:
        return typed
    return _of_kind(schema, said, root)


def _of_kind(schema: Mapping[str, Any], said: bool | str, root: Mapping[str, Any]) -> Any:
    if branches := schema.get("anyOf") or schema.get("oneOf"):
        return _branch(branches, said, root)
    if "const" in schema or "enum" in schema:
        return _chosen(schema.get("enum") or [schema.get("const")], said)
    kind = schema.get("type")
    if isinstance(kind, list) and ("boolean" if isinstance(said, bool) else "string") in kind:
        return said
    match next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind:
        case "boolean":
            decided = said if isinstance(said, bool) else verdict(said)
            if decided is None:
                raise NotTaken("the answer must be yes or no")
            return decided
        case "integer" | "number" as number:
            return _number(said, whole=number == "integer")
        case "string":
            if isinstance(said, bool):
                raise NotTaken("the answer must be text")
            return said
        case "array":
            return [fitted(schema.get("items") or {}, said, root)]
        case "object":
            return _object(schema, said, root)
        case "null":
            raise NotTaken("the answer must be empty")
        case _:
            return said


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(16):
        if not isinstance(schema, Mapping):
            return {}
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return schema
        found: Any = root
        for part in reference.removeprefix("#/").split("/"):
            found = found.get(part) if isinstance(found, Mapping) else None
        schema = found
    return {}


def _branch(branches: Sequence[Any], said: bool | str, root: Mapping[str, Any]) -> Any:
    reasons: list[str] = []
    for branch in branches:
        try:
            return fitted(branch, said, root)
        except NotTaken as reason:
            reasons.append(str(reason))
    raise NotTaken("; or ".join(dict.fromkeys(reasons)))


def _chosen(options: Sequence[Any], said: bool | str) -> Any:
    if isinstance(said, bool) and said in [option for option in options if isinstance(option, bool)]:
        return said
    if isinstance(said, str):
        for option in options:
            if str(option).casefold() == said.strip().casefold():
                return option
    decided = said if isinstance(said, bool) else verdict(said)
    words = _AGREEING if decided else _REFUSING
    for option in options if decided is not None else ():
        if str(option).casefold() in words:
            return option
    raise NotTaken(f"the answer must be one of {', '.join(map(str, options))}")


def _number(said: bool | str, *, whole: bool) -> int | float:
    try:
        if isinstance(said, str):
            return int(said) if whole else float(said)
    except ValueError:
        pass
    raise NotTaken("the answer must be a whole number" if whole else "the answer must be a number")


def _object(schema: Mapping[str, Any], said: bool | str, root: Mapping[str, Any]) -> dict[str, Any]:
    """The properties that the answer fills: choices, yes or no by what it decides, one text by its words."""
    properties = {name: _resolved(found, root) for name, found in (schema.get("properties") or {}).items()}
    required = set(schema.get("required") or ())
    decided = said if isinstance(said, bool) else verdict(said)
    filled: dict[str, Any] = {}
    texts = [name for name, found in properties.items() if _takes_text(found)]
    for name, found in properties.items():
        if "const" in found and found["const"] in _TELLING and decided is None and texts:
            filled[name] = found["const"]
        elif name not in texts and (name in required or _decides(found)):
            try:
                filled[name] = fitted(found, said, root)
            except NotTaken:
                if name in required:
                    raise
    if isinstance(said, str) and texts:
        filled[next((name for name in texts if name in required), texts[0])] = said
    if missing := sorted(required - filled.keys()):
        raise NotTaken(f"the answer must be an object with {', '.join(missing)}")
    return filled


def _takes_text(schema: Mapping[str, Any]) -> bool:
    if schema.get("type") == "string":
        return not ("enum" in schema or "const" in schema)
    return any(isinstance(branch, Mapping) and _takes_text(branch) for branch in schema.get("anyOf") or ())


def _decides(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") == "boolean" or "enum" in schema or "const" in schema
