"""Which stream a conversation is in, and which one a position is of."""

from collections import Counter

import pytest

from contracts import subjects
from eventlog import sharding

ALL = range(1, sharding.MAX_STREAMS + 1)
KEYS = [f"conversation {number}" for number in range(1000)]


def test_one_stream_has_everything_under_the_name_and_the_subjects_it_always_had() -> None:
    assert sharding.name(0) == "LOG"
    assert sharding.subjects_of(0, 1) == ["conv.>"]
    assert {sharding.stream_of(key, 1) for key in KEYS} == {0}


@pytest.mark.parametrize("streams", ALL)
def test_each_shard_is_in_one_stream_and_the_streams_are_alike(streams: int) -> None:
    shards = [sharding.shards_of(stream, streams) for stream in range(streams)]

    assert sorted(shard for each in shards for shard in each) == [f"{n:02x}" for n in range(256)]
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("streams", ALL)
def test_a_conversation_is_stored_by_the_stream_it_is_in(streams: int) -> None:
    for key in KEYS:
        own = f"conv.{subjects.shard(key)}.>"
        takers = [s for s in range(streams) if {own, "conv.>"} & set(sharding.subjects_of(s, streams))]
        assert takers == [sharding.stream_of(key, streams)]


@pytest.mark.parametrize("streams", list(ALL)[1:])
def test_one_stream_more_takes_its_share_and_moves_nothing_else(streams: int) -> None:
    moved = Counter(
        (before, after)
        for key in KEYS
        if (before := sharding.stream_of(key, streams - 1)) != (after := sharding.stream_of(key, streams))
    )

    assert {after for _, after in moved} == {streams - 1}


def test_positions_name_their_stream_and_are_exact_in_json() -> None:
    for stream in range(sharding.MAX_STREAMS):
        begin = sharding.beginning(stream)
        assert {sharding.stream_at(begin + n) for n in (0, 1, 10**12)} == {stream}
        assert begin + 10**12 < 2**53
    assert sharding.beginning(0) == 0


def test_names_of_streams_differ() -> None:
    assert len({sharding.name(stream) for stream in range(sharding.MAX_STREAMS)}) == sharding.MAX_STREAMS


def test_the_newest_positions_are_one_of_each_stream() -> None:
    begin = sharding.beginning(2)
    assert sharding.newest([begin + 3, 7, begin + 1, 9]) == (9, begin + 3)
    assert sharding.newest([]) == ()
