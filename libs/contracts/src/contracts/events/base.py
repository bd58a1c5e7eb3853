"""What every event has in common."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, TypeAlias

from pydantic import BaseModel, ConfigDict

ONCE: Final = "-"

Payload: TypeAlias = dict[str, Any]
Upcaster: TypeAlias = Callable[[Payload], Payload]
"""Pure: turns the payload of version n into that of version n + 1."""


class Event(BaseModel):
    """A fact in the past tense. Frozen; unknown fields of a newer release are ignored.

    Class attributes:
        type: stable name ``<area>.<fact>``; renaming the class does not change it.
        version: raised by a structural change, which then needs an upcaster.
        carried: fields that hold other events, which so commit in one message with it, and the type of those.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    version: ClassVar[int] = 1
    carried: ClassVar[Mapping[str, str]] = {}

    def tokens(self, event_id: str) -> tuple[str, ...]:
        """What the subject names after the type, so that readers find such events by it."""
        return ()


class Work(Event):
    """An event that asks one responder to do something.

    Attributes:
        addressee: name of the responder service, such as ``agent-runner``.
    """

    addressee: str

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again, so that its subject must tell whether it was received before.

        A subject of its own costs the server some 300 bytes of memory for ever.
        """
        return True

    def tokens(self, event_id: str) -> tuple[str, ...]:
        """The addressee, for its consumer's filter, and the event's id where it is looked for."""
        return (self.addressee, event_id if self.repeatable else ONCE)
