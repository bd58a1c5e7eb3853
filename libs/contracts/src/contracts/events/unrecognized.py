"""A stored event that this release cannot read."""

from typing import ClassVar

from contracts.events.base import Event


class Unrecognized(Event):
    """Stands in for the event, so that readers keep their place; never appended.

    Attributes:
        name: the stored type name.
        data_version: the stored version.
        reason: why it cannot be read.
    """

    type: ClassVar[str] = "unrecognized"

    name: str
    data_version: int
    reason: str
