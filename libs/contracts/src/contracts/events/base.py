"""What every event has in common."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """A fact in the past tense. Frozen; unknown fields of a newer release are ignored.

    Class attributes:
        type: stable name ``<area>.<fact>``; renaming the class does not change it.
        version: raised by a structural change, which then needs an upcaster.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    version: ClassVar[int] = 1

    @property
    def responder(self) -> str | None:
        """The service this event is work for, or None."""
        return None

    @property
    def tokens(self) -> tuple[str, ...]:
        """What the subject names after the type, so that readers find such events by it."""
        return ()


class Work(Event):
    """An event that asks one responder to do something."""

    addressee: str
    """Name of the responder service, such as ``agent-runner``."""

    @property
    def responder(self) -> str | None:
        return self.addressee
