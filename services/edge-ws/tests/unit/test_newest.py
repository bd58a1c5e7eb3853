"""The newest of many are found by few counts, wherever they lie."""

import random
from bisect import bisect_right

import pytest

from edge_ws.newest import place_of_newest

FIRST, LAST = 1_000, 1_000_000
RANDOM = random.Random(5)  # noqa: S311 - the same places each time


@pytest.mark.parametrize(
    "places",
    [
        [],
        [LAST],
        range(FIRST + 1, FIRST + 251),
        range(FIRST + 1, FIRST + 252),
        range(FIRST + 1, LAST, 97),
        range(FIRST + 1, FIRST + 5_000),
        range(LAST - 5_000, LAST),
        [*range(FIRST + 1, FIRST + 50_000), *range(LAST - 250, LAST)],
        sorted(RANDOM.sample(range(FIRST + 1, LAST), 3_000)),
    ],
    ids=["none", "one", "few", "one too many", "even", "all early", "all late", "a gap", "random"],
)
async def test_the_newest_are_found_by_few_counts(places: list[int]) -> None:
    counts = 0

    async def count(after: int) -> int:
        nonlocal counts
        counts += 1
        return len(places) - bisect_right(places, after)

    place, before = await place_of_newest(count, FIRST, LAST, 200)

    behind = [each for each in places if each > place]
    assert before == len(places) - len(behind)
    assert min(200, len(places)) <= len(behind) <= 250
    assert counts <= (22 if len(places) > 250 else 1)
    assert place == FIRST if len(places) <= 250 else place > FIRST
