"""Models as JSON, whatever text is in them: half a surrogate pair is no character, and cannot be written."""

from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from contracts.text import writable

ModelT = TypeVar("ModelT", bound=BaseModel)


def json_of(model: BaseModel, *, exclude_defaults: bool = False) -> bytes:
    """The model as JSON; its texts are mended by `writable`."""
    try:
        return model.model_dump_json(exclude_defaults=exclude_defaults).encode()
    except (PydanticSerializationError, UnicodeError):
        return _mended(model).model_dump_json(exclude_defaults=exclude_defaults).encode()


def size_of(value: Any) -> int:
    """About how many characters a value takes as JSON."""
    match value:
        case str() | bytes():
            return len(value)
        case BaseModel():
            return size_of(value.model_dump())
        case dict():
            return sum(size_of(key) + size_of(item) for key, item in value.items())
        case list() | tuple():
            return sum(map(size_of, value))
        case _:
            return 8


def shortened(value: Any, longest: int) -> Any:
    """The value with its texts, lists and objects cut to so many characters or items."""
    match value:
        case str() if len(value) > longest:
            return f"{value[:longest]}…"
        case dict():
            return {key: shortened(item, longest) for key, item in list(value.items())[:longest]}
        case list() | tuple():
            return [shortened(item, longest) for item in value[:longest]]
        case _:
            return value


def _mended(model: ModelT) -> ModelT:
    return model.model_validate(_replaced(model.model_dump()))


def _replaced(value: Any) -> Any:
    match value:
        case str():
            return writable(value)
        case dict():
            return {_replaced(key): _replaced(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(_replaced(item) for item in value)
        case _:
            return value
