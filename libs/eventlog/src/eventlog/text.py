"""Models as JSON, whatever text is in them: half a surrogate pair is no character, and cannot be written."""

from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

ModelT = TypeVar("ModelT", bound=BaseModel)


def json_of(model: BaseModel, *, exclude_defaults: bool = False) -> bytes:
    """The model as JSON; what cannot be written of its texts is a question mark."""
    try:
        return model.model_dump_json(exclude_defaults=exclude_defaults).encode()
    except (PydanticSerializationError, UnicodeError):
        return _mended(model).model_dump_json(exclude_defaults=exclude_defaults).encode()


def writable(text: str) -> str:
    """The text, with a question mark for what is no character."""
    return text.encode(errors="replace").decode()


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
