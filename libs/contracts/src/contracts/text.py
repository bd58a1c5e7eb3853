"""Text that graphs and models make: half a surrogate pair is no character, and cannot be written."""

from typing import Annotated

from pydantic import ValidationError, ValidatorFunctionWrapHandler, WrapValidator


def writable(text: str) -> str:
    """The text with halves that belong together joined, and a question mark for each other one."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    return joined.encode(errors="replace").decode()


def _written(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    try:
        return validate(value)
    except ValidationError:
        if isinstance(value, str):
            return validate(writable(value))
        raise


Text = Annotated[str, WrapValidator(_written)]
"""A string in which such halves are mended."""
