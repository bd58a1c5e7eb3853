"""Where the newest events of a kind begin, found by counting, so that nothing older is read."""

from collections.abc import Awaitable, Callable


async def place_of_newest(
    count: Callable[[int], Awaitable[int]], first: int, last: int, fewest: int
) -> tuple[int, int]:
    """A sequence behind which there are `fewest` events or up to a quarter more, and how many come before.

    Takes one count where there are no more than that, else at most two and the binary logarithm of the
    distance from `first` to `last`.

    Args:
        count: how many there are behind a sequence.
        first: the sequence behind which they begin; also the answer where there are no more.
        last: the sequence of the newest, or one behind it.
    """
    every = found = await count(first)
    place, too_late = first, last
    middle = last - (last - first) * fewest // max(every, 1)  # as if they were spread evenly
    while found > fewest + fewest // 4 and too_late - place > 1:
        middle = min(max(middle, place + 1), too_late - 1)
        if (behind := await count(middle)) < fewest:
            too_late = middle
        else:
            place, found = middle, behind
        middle = (place + too_late) // 2
    return place, every - found
