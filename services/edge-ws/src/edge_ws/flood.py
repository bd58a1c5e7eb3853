"""How much one client may send: token buckets that say how long to wait, and when it is a flood. Pure."""

from dataclasses import dataclass


class Flooding(Exception):
    """The client has sent more than it may for too long."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client may send; time in seconds.

    Attributes:
        rate: units a second in the long run.
        burst: units at once.
    """

    rate: float
    burst: float


class Bucket:
    """One allowance of one client."""

    def __init__(self, allowance: Allowance, now: float) -> None:
        self._allowance = allowance
        self._left = allowance.burst
        self._at = now

    def take(self, units: float, now: float) -> float:
        """Take units; the seconds until they are paid for."""
        refilled = self._left + (now - self._at) * self._allowance.rate
        self._left = min(refilled, self._allowance.burst) - units
        self._at = now
        return max(0.0, -self._left / self._allowance.rate)


class Meter:
    """All allowances of one client: it is slowed down first, and refused when that goes on."""

    def __init__(self, allowances: tuple[Allowance, ...], patience: float, now: float) -> None:
        """`patience`: seconds in a row for which a client may be slowed down."""
        self._buckets = tuple(Bucket(allowance, now) for allowance in allowances)
        self._patience = patience
        self._slowed_since: float | None = None

    def wait(self, units: tuple[float, ...], now: float) -> float:
        """How long to wait before the next frame is read.

        Raises:
            Flooding: if the client has been slowed down for longer than `patience`.
        """
        longest = max(bucket.take(each, now) for bucket, each in zip(self._buckets, units, strict=True))
        if not longest:
            self._slowed_since = None
            return 0.0
        if self._slowed_since is None:
            self._slowed_since = now
        if now - self._slowed_since > self._patience:
            raise Flooding
        return longest
