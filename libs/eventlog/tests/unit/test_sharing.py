"""How the free places of a process are shared out among the streams that work comes from."""

import pytest

from eventlog.turns.sharing import shares


@pytest.mark.parametrize(
    ("free", "asked", "wanted"),
    [(8, 0, {0: 8}), (8, 3, {0: 5}), (8, 5, {}), (8, 8, {}), (0, 0, {}), (2, 4, {})],
)
def test_one_stream_is_asked_for_all_there_are_places_for(
    free: int, asked: int, wanted: dict[int, int]
) -> None:
    assert shares(free, [asked], 0) == wanted


@pytest.mark.parametrize("streams", [2, 3, 8])
@pytest.mark.parametrize("free", range(40))
def test_no_more_is_asked_than_there_are_places_for(free: int, streams: int) -> None:
    asked = [0] * streams
    for turn in range(3 * streams):
        for stream, more in shares(free, asked, turn).items():
            asked[stream] += more
        assert sum(asked) <= free
    assert all(asked) or free < streams
    assert sum(map(bool, asked)) == min(free, streams)


def test_a_stream_with_much_work_gets_what_the_others_leave() -> None:
    free, asked, taken = 32, [0, 0, 0, 0], 0
    while wanted := shares(free, asked, 0):
        for stream, more in wanted.items():
            asked[stream] += more
        taken += asked[2]
        free -= asked[2]
        asked[2] = 0
    assert taken >= 32 - 3 * 32 // 8
    assert all(asked[stream] for stream in (0, 1, 3))


def test_too_few_places_go_round() -> None:
    assert [shares(1, [0, 0, 0], turn) for turn in range(4)] == [{0: 1}, {1: 1}, {2: 1}, {0: 1}]
    assert shares(1, [1, 0, 0], 1) == {}
