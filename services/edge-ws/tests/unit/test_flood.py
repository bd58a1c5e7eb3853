"""A client that sends too much is slowed down, and cut off when that goes on."""

import pytest

from access.limits import Bucket
from edge_ws.flood import Flooding, Meter


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_real_time_is_never_slowed_down() -> None:
    clock = Clock()
    meter = Meter((Bucket(50, 100, clock), Bucket(64_000, 64_000, clock)), 5, clock)
    for _ in range(2_000):
        assert meter.wait(1, 1280) == 0.0
        clock.now += 0.02


def test_a_flood_waits_for_what_it_sends_and_is_cut_off() -> None:
    clock = Clock()
    meter = Meter((Bucket(10, 10, clock),), 5, clock)

    def pour() -> None:
        for _ in range(1_000):
            clock.now += meter.wait(1)

    with pytest.raises(Flooding):
        pour()
    assert 5 < clock.now < 7


def test_a_client_that_calms_down_is_forgiven() -> None:
    clock = Clock()
    meter = Meter((Bucket(10, 10, clock),), 1, clock)
    assert meter.wait(15) == pytest.approx(0.5)
    clock.now = 3.0
    assert meter.wait(1) == 0.0
    assert meter.wait(15) > 0
