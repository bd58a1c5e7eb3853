"""How long nobody has to speak before the user is asked, or the talk ends. Pure."""

from dataclasses import dataclass

from voice_bridge.domain.effects import AskPresence, Effect, HangUp


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds nobody has to speak; 0 is for ever.

    Attributes:
        presence: until the user is asked, once, whether they are there.
        idle: until the session ends.
    """

    presence: float = 0.0
    idle: float = 0.0


class Quiet:
    """Since when nobody has spoken, in monotonic seconds."""

    def __init__(self, patience: Patience, now: float) -> None:
        self._patience = patience
        self._since = now
        self._user_since = now
        self._has_asked = False
        self._has_hung_up = False

    def hear_user(self, now: float) -> None:
        """The user has said something."""
        self._since = self._user_since = now
        self._has_asked = False

    def begin(self, now: float) -> None:
        """Whatever was to be heard is over."""
        self._since = now

    def limits(self) -> list[float]:
        """When patience ends, while nobody speaks."""
        limits = []
        if self._patience.presence and not self._has_asked:
            limits.append(self._since + self._patience.presence)
        if self._patience.idle and not self._has_hung_up:
            limits.append(self._user_since + self._patience.idle)
        return limits

    def lose_patience(self, now: float) -> list[Effect]:
        """What follows from nobody's speaking for so long."""
        if self._patience.idle and now >= self._user_since + self._patience.idle:
            is_first, self._has_hung_up = not self._has_hung_up, True
            return [HangUp()] if is_first else []
        if self._patience.presence and not self._has_asked and now >= self._since + self._patience.presence:
            self._has_asked = True
            return [AskPresence()]
        return []
