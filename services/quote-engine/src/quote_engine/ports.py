"""What the quote engine needs from outside, as protocols; `adapters` has the real ones."""

from collections.abc import Collection, Sequence
from typing import Protocol

from quote_engine.domain.guidance import Guidance, Turn


class ListenerError(RuntimeError):
    """The chat model did not answer, or not in the form asked for."""


class Listener(Protocol):
    """A chat model that reads a talk."""

    async def listen(self, turns: Sequence[Turn]) -> Guidance:
        """Read a talk.

        Raises:
            ListenerError: on any failure of the model.
        """
        ...


class Memory(Protocol):
    """Knows what users were given before, over all their conversations."""

    async def last_quotations(self, user_id: str) -> Collection[str]:
        """Ids of the quotations that a user was given last, with all that the log holds at the time of the
        call; empty if that cannot be learnt in time."""
        ...
