"""Token buckets, by a clock that the tests move."""

from access.limits import REMEMBERED, Bucket, Buckets


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_free_and_what_comes_after_it_is_paced() -> None:
    clock = Clock()
    bucket = Bucket(10, 3, clock)
    assert [bucket.take() for _ in range(3)] == [0, 0, 0]
    assert bucket.take() == 0.1
    assert bucket.take() == 0.2
    clock.now += 10
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.1]


def test_without_a_token_nothing_is_taken() -> None:
    clock = Clock()
    bucket = Bucket(1, 1, clock)
    assert bucket.try_take()
    assert not bucket.try_take()
    clock.now += 1
    assert bucket.try_take()


def test_a_rate_of_nothing_sets_no_limit() -> None:
    bucket = Bucket(0, 0, Clock())
    assert all(bucket.try_take() and not bucket.take() for _ in range(1000))


def test_each_name_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(1, 1, Clock())
    assert buckets.of("a").try_take()
    assert not buckets.of("a").try_take()
    assert buckets.of("b").try_take()


def test_the_names_used_last_are_remembered() -> None:
    buckets = Buckets(1, 1, Clock())
    assert buckets.of("first").try_take()
    for number in range(REMEMBERED):
        buckets.of(str(number))
    assert buckets.of("first").try_take()
