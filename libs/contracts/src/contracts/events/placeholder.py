"""What stands in for stored events whose contents a reader cannot, or need not, have."""

from typing import ClassVar

from contracts.events.base import Event


class Unrecognized(Event):
    """Stands in for the event, so that readers keep their place; never appended.

    Attributes:
        name: the stored type name.
        data_version: the stored version.
        reason: why it cannot be read.
        damaged: no release can: it is no event, or its payload is lost.
    """

    type: ClassVar[str] = "unrecognized"

    name: str
    data_version: int
    reason: str
    damaged: bool = False


class Unread(Event):
    """Stands in for an event whose contents its reader has no use for; never appended.

    Attributes:
        name: the stored type name.
    """

    type: ClassVar[str] = "unread"

    name: str
