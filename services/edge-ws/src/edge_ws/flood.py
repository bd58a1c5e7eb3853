"""How much one client may send: how long to wait for it, and when it is a flood. Pure."""

from collections.abc import Sequence

from access.limits import Bucket, Clock


class Flooding(Exception):
    """The client has sent more than it may for too long."""


class Meter:
    """All allowances of one client: it is slowed down first, and refused when that goes on."""

    def __init__(self, buckets: Sequence[Bucket], patience: float, clock: Clock) -> None:
        """`patience`: seconds in a row for which a client may be slowed down."""
        self._buckets = buckets
        self._patience = patience
        self._clock = clock
        self._slowed_since: float | None = None

    def wait(self, *units: float) -> float:
        """How long to wait before the next frame is read, which takes so many units from each bucket.

        Raises:
            Flooding: if the client has been slowed down for longer than `patience`.
        """
        longest = max(bucket.take(each) for bucket, each in zip(self._buckets, units, strict=True))
        if not longest:
            self._slowed_since = None
            return 0.0
        now = self._clock()
        if self._slowed_since is None:
            self._slowed_since = now
        if now - self._slowed_since > self._patience:
            raise Flooding
        return longest
