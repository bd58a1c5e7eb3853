"""The last hour by the minute, added up from the metrics of all processes. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

MINUTES: Final = 60
MINUTE_SECONDS: Final = 60
_TURNS: Final = "parley_turns_total"
_TAKEOVERS: Final = "parley_takeovers_total"
_RUNS: Final = "parley_run_seconds_bucket"
_FIRST: Final = "parley_first_token_seconds_bucket"
_COUNTED: Final = frozenset((_TURNS, _TAKEOVERS, _RUNS, _FIRST))
_LABEL: Final = {_TURNS: "outcome", _RUNS: "le", _FIRST: "le"}

Counts = Mapping[tuple[str, str], float]
"""Counters by name and the label that tells them apart."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one process told.

    Attributes:
        gauges: what it says of the present, by name and the first label.
    """

    service: str
    version: str
    counts: Counts
    gauges: Counts

    @classmethod
    def of(cls, text: str) -> "Reading":
        """Read Prometheus's text format."""
        service = version = ""
        counts: dict[tuple[str, str], float] = {}
        gauges: dict[tuple[str, str], float] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == "parley_service_info":
                    service, version = sample.labels["service"], sample.labels["version"]
                elif sample.name in _COUNTED:
                    counts[sample.name, sample.labels.get(_LABEL.get(sample.name, ""), "")] = sample.value
                elif family.type == "gauge":
                    gauge = sample.name, next(iter(sample.labels.values()), "")
                    gauges[gauge] = gauges.get(gauge, 0) + sample.value
        return cls(service, version, counts, gauges)


@dataclass(slots=True)
class Minute:
    """What was counted in one minute.

    Attributes:
        began: Unix time.
    """

    began: int
    counts: dict[tuple[str, str], float] = field(default_factory=dict)

    def turns(self, *outcomes: str) -> int:
        """Runs that ended, of these outcomes or of all."""
        return round(
            sum(
                count
                for (name, outcome), count in self.counts.items()
                if name == _TURNS and (not outcomes or outcome in outcomes)
            )
        )

    @property
    def takeovers(self) -> int:
        """Runs taken over from another process."""
        return round(self.counts.get((_TAKEOVERS, ""), 0))

    def run_seconds(self, share: float) -> float | None:
        """The time of a run that a `share` of the runs did not exceed."""
        return self._quantile(_RUNS, share)

    def first_token_seconds(self, share: float) -> float | None:
        """The time to the first piece of a reply, likewise."""
        return self._quantile(_FIRST, share)

    def _quantile(self, wanted: str, share: float) -> float | None:
        found = ((float(bound), count) for (name, bound), count in self.counts.items() if name == wanted)
        return quantile(sorted(found), share)


class Hour:
    """The last sixty minutes, and the newest reading of every process."""

    def __init__(self) -> None:
        self.readings: dict[str, Reading] = {}
        self._minutes: deque[Minute] = deque(maxlen=MINUTES)
        self._seen: dict[str, Counts] = {}

    def add(self, now: float, readings: Mapping[str, Reading]) -> None:
        """Count what has come since the last readings; of those there were at first, nothing.

        Args:
            now: Unix time.
            readings: by process; one that was never heard before has begun since.
        """
        began = int(now) // MINUTE_SECONDS * MINUTE_SECONDS
        if not self._minutes or self._minutes[-1].began < began:
            self._minutes.append(Minute(began))
        minute = self._minutes[-1].counts
        is_first = not self._seen
        for process, reading in readings.items():
            before = self._seen.get(process, reading.counts if is_first else {})
            for name, count in reading.counts.items():
                minute[name] = minute.get(name, 0) + count - before.get(name, 0)
            self._seen[process] = reading.counts
        self.readings = dict(readings)

    def minutes(self, now: float) -> Iterable[Minute]:
        """All sixty up to the present one, those without anything too."""
        last = int(now) // MINUTE_SECONDS * MINUTE_SECONDS
        known = {minute.began: minute for minute in self._minutes}
        for began in range(last - (MINUTES - 1) * MINUTE_SECONDS, last + 1, MINUTE_SECONDS):
            yield known.get(began, Minute(began))


def quantile(buckets: Sequence[tuple[float, float]], share: float) -> float | None:
    """A quantile of a histogram as Prometheus gives it; None where nothing was counted.

    Args:
        buckets: upper bounds in order, the last one infinite, with how many were at most that.
    """
    total = buckets[-1][1] if buckets else 0
    if total <= 0:
        return None
    rank = share * total
    for (lower, below), (upper, count) in pairwise([(0.0, 0.0), *buckets]):
        if count >= rank:
            if upper == float("inf"):
                return lower
            within = (rank - below) / (count - below) if count > below else 1.0
            return lower + (upper - lower) * within
    return None
