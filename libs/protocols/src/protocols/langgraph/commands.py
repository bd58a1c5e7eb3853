"""What the commands of a thread's event stream name, and how one is refused. Pure."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID


class Refused(Exception):
    """A command that is not carried out.

    Attributes:
        code: stable, for programs.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Assistant:
    """A graph, and how it is set up."""

    assistant_id: str
    graph: str
    config: dict[str, Any] = field(default_factory=dict)
    context: Any = None


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in one of its usual forms."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True
