"""How the free places of a process are shared out among the streams that work comes from."""

from collections.abc import Sequence


def shares(free: int, asked: Sequence[int], turn: int) -> dict[int, int]:
    """How much more is to be asked of which stream.

    No more is asked altogether than there are places for. Of several streams each is asked for a part of the
    places, and again once that has come, so that one with much work gets what is left of the others' parts.
    Nothing more is asked of a stream before that is at least as much as is asked already, so that few
    requests are open.

    Args:
        free: how much work there are places for.
        asked: how much each stream was asked for and has not given.
        turn: the stream that comes first where there are not enough places for all.
    """
    streams = len(asked)
    part = free if streams == 1 else max(free // (2 * streams), 1)
    left = free - sum(asked)
    wanted: dict[int, int] = {}
    for stream in ((turn + offset) % streams for offset in range(streams)):
        more = min(part - asked[stream], left)
        if more > 0 and more >= asked[stream]:
            wanted[stream] = more
            left -= more
    return wanted
