"""The last hour, added up from what processes told."""

import pytest
from prometheus_client import generate_latest

from chassis.metrics import Metrics
from edge_rest.hour import Hour, Reading, quantile
from edge_rest.system import Queue, queues

INF = float("inf")


class Process:
    """One that counts."""

    def __init__(self, service: str = "agent-runner") -> None:
        self.metrics = Metrics()
        self.metrics.info.labels(service, "1.2").set(1)

    def ran(self, seconds: float, outcome: str = "completed") -> None:
        self.metrics.turns.labels(outcome).inc()
        self.metrics.run_seconds.observe(seconds)

    def told(self) -> Reading:
        return Reading.of(generate_latest(self.metrics.registry).decode())


def test_what_was_counted_before_the_first_look_is_of_no_minute() -> None:
    hour, process = Hour(), Process()
    process.ran(1)
    hour.add(600, {"a": process.told()})
    process.ran(0.02)
    process.ran(0.02, "failed")
    process.metrics.takeovers.inc()
    hour.add(610, {"a": process.told()})
    (*empty, last) = hour.minutes(615)
    assert (last.began, last.turns(), last.turns("failed"), last.takeovers) == (600, 2, 1, 1)
    assert 0.01 < (last.run_seconds(0.5) or 0) < 0.025
    assert last.first_token_seconds(0.5) is None
    assert len(empty) == 59
    assert not any(minute.turns() for minute in empty)


def test_a_process_that_comes_later_counts_from_nothing_and_one_that_goes_takes_nothing_back() -> None:
    hour, first, second = Hour(), Process(), Process()
    hour.add(0, {"a": first.told()})
    first.ran(1)
    second.ran(1)
    hour.add(60, {"a": first.told(), "b": second.told()})
    hour.add(70, {"b": second.told()})
    second.ran(1)
    hour.add(120, {"b": second.told()})
    assert [minute.turns() for minute in hour.minutes(125)][-3:] == [0, 2, 1]
    assert set(hour.readings) == {"b"}


def test_the_hour_has_sixty_minutes() -> None:
    hour, process = Hour(), Process()
    for minute in range(100):
        hour.add(60 * minute, {"a": process.told()})
        process.ran(1)
    turns = [minute.turns() for minute in hour.minutes(60 * 99)]
    assert turns == [1] * 60
    assert not any(minute.turns() for minute in hour.minutes(60 * 1000))


@pytest.mark.parametrize(
    ("buckets", "share", "expected"),
    [
        ([], 0.5, None),
        ([(1, 0), (INF, 0)], 0.5, None),
        ([(1, 10), (INF, 10)], 0.5, 0.5),
        ([(1, 5), (2, 10), (INF, 10)], 0.75, 1.5),
        ([(1, 5), (2, 5), (INF, 10)], 0.95, 2),
        ([(1, 5), (2, 5), (4, 10), (INF, 10)], 0.5, 1),
    ],
)
def test_quantiles_are_prometheus_s(
    buckets: list[tuple[float, float]], share: float, expected: float | None
) -> None:
    assert quantile(buckets, share) == expected


def test_readings_keep_what_a_process_is() -> None:
    process = Process("edge-ws")
    process.metrics.queue_pending.labels("planner").set(3)
    told = process.told()
    assert (told.service, told.version) == ("edge-ws", "1.2")
    assert told.gauges["parley_queue_pending", "planner"] == 3


def test_what_waits_is_counted_once_whoever_tells_it() -> None:
    processes = Process(), Process(), Process()
    for process, behind in zip(processes, (0, 2, 5), strict=True):
        process.metrics.queue_pending.labels("agent-runner").set(3)
        process.metrics.queue_behind.labels("agent-runner").set(behind)
        process.metrics.queue_held.labels("agent-runner").set(9)
    processes[0].metrics.queue_pending.labels("quote-engine").set(1)
    assert queues(process.told() for process in processes) == [
        Queue(responder="agent-runner", waiting=10, held=9),
        Queue(responder="quote-engine", waiting=1, held=0),
    ]
