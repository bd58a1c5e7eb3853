"""The waits between tries."""

from itertools import islice

from chassis.backoff import delays


def test_waits_double_up_to_the_largest() -> None:
    assert list(islice(delays(0.1, 0.5), 5)) == [0.1, 0.2, 0.4, 0.5, 0.5]
