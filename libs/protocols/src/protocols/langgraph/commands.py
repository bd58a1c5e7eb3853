"""What the commands of a thread's event stream name, and how one is refused. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from contracts.events import Origin


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

    def config_of(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The config of a run; what the run itself says goes before the assistant's, name by name."""
        merged = {**self.config, **config}
        configurable = as_object(self.config.get("configurable")) | as_object(config.get("configurable"))
        return merged | {"configurable": configurable} if configurable else merged

    def context_of(self, context: Any) -> Any:
        """The same for its context; None where neither has one."""
        if isinstance(self.context, dict) and isinstance(context, dict):
            return self.context | context
        return (self.context or None) if context is None else context


def origin_of(place: Mapping[str, Any]) -> Origin | None:
    """Where a run begins that names a checkpoint, by ``configurable`` or in its own field; None for the
    newest."""
    if not (identity := place.get("checkpoint_id")):
        return None
    return Origin(checkpoint_id=str(identity), namespace=str(place.get("checkpoint_ns") or ""))


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in one of its usual forms."""
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def as_object(value: Any) -> dict[str, Any]:
    """A JSON value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
