"""How much a client may do: token buckets, by an injected clock."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, TypeAlias

Clock: TypeAlias = Callable[[], float]
"""Monotonic seconds."""

REMEMBERED: Final = 10_000


class Bucket:
    """Holds up to `burst` tokens and gains `rate` a second; `rate` 0 sets no limit."""

    def __init__(self, rate: float, burst: float, clock: Clock) -> None:
        self._rate = rate
        self._burst = max(burst, 1.0)
        self._clock = clock
        self._tokens = self._burst
        self._at = clock()

    def take(self, tokens: float = 1.0) -> float:
        """Take tokens, on credit if need be; the seconds until the bucket is out of debt."""
        if not self._rate:
            return 0.0
        self._refill()
        self._tokens -= tokens
        return max(-self._tokens / self._rate, 0.0)

    def try_take(self) -> bool:
        """Take one token if there is one."""
        if not self._rate:
            return True
        self._refill()
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def _refill(self) -> None:
        now = self._clock()
        self._tokens = min(self._tokens + (now - self._at) * self._rate, self._burst)
        self._at = now


class Buckets:
    """A bucket for each name, the names used last remembered."""

    def __init__(self, rate: float, burst: float, clock: Clock) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def of(self, name: str) -> Bucket:
        """The bucket of a name."""
        bucket = self._buckets.setdefault(name, Bucket(self._rate, self._burst, self._clock))
        self._buckets.move_to_end(name)
        if len(self._buckets) > REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket
