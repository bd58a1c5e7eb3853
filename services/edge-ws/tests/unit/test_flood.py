"""A client that sends too much is slowed down, and cut off when that goes on."""

import pytest

from edge_ws.flood import Allowance, Flooding, Meter


def test_real_time_is_never_slowed_down() -> None:
    meter = Meter((Allowance(50, 100), Allowance(64_000, 64_000)), 5, 0.0)
    assert {meter.wait((1, 1280), number * 0.02) for number in range(2_000)} == {0.0}


def test_a_flood_waits_for_what_it_sends_and_is_cut_off() -> None:
    meter = Meter((Allowance(10, 10),), 5, 0.0)
    waited = [0.0]

    def pour() -> None:
        for _ in range(1_000):
            waited.append(meter.wait((1,), sum(waited)))

    with pytest.raises(Flooding):
        pour()
    assert 5 < sum(waited) < 7


def test_a_client_that_calms_down_is_forgiven() -> None:
    meter = Meter((Allowance(10, 10),), 1, 0.0)
    assert meter.wait((15,), 0.0) == pytest.approx(0.5)
    assert meter.wait((1,), 3.0) == 0.0
    assert meter.wait((15,), 3.0) > 0
