"""The streams of the log: which one a conversation is in, and which one a position is of.

A conversation is in one of 256 shards by its key, and a shard is in one stream. What is called a sequence or
a position everywhere is the number that the server gives an event. Each stream begins to count at another
multiple of 2^48, so a position names its stream, two streams never give the same one, and up to 2^53 it is
exact in JSON. Stream 0 is LOG; alone it has everything.
"""

from collections.abc import Iterable
from functools import cache
from typing import Final

from contracts import subjects

MAX_STREAMS: Final = 8
SHARDS: Final = 256
_SEQUENCE_BITS: Final = 48


def name(stream: int) -> str:
    """The name of a stream: ``LOG``, ``LOG1``, …"""
    return f"{subjects.LOG_STREAM}{stream or ''}"


def stream_of(conversation: str, streams: int) -> int:
    """Which of so many streams a conversation is in."""
    return _owners(streams)[int(subjects.shard(conversation), base=16)] if streams > 1 else 0


def shards_of(stream: int, streams: int) -> list[str]:
    """The shards that one of so many streams has."""
    return [f"{shard:02x}" for shard, owner in enumerate(_owners(streams)) if owner == stream]


def subjects_of(stream: int, streams: int) -> list[str]:
    """The subjects that one of so many streams stores."""
    if streams == 1:
        return [subjects.LOG_SUBJECTS]
    return [subjects.shard_subjects(shard) for shard in shards_of(stream, streams)]


def beginning(stream: int) -> int:
    """The position before the first event of a stream."""
    return stream << _SEQUENCE_BITS


def stream_at(position: int) -> int:
    """Which stream a position is of."""
    return position >> _SEQUENCE_BITS


def offset(position: int) -> int:
    """How far a position is behind the beginning of its stream."""
    return position - beginning(stream_at(position))


def newest(positions: Iterable[int]) -> tuple[int, ...]:
    """The largest position of each stream that any of them is of."""
    return tuple({stream_at(position): position for position in sorted(positions)}.values())


@cache
def _owners(streams: int) -> tuple[int, ...]:
    """The stream of each shard. One stream more takes shards from the largest, and moves no other."""
    if streams == 1:
        return (0,) * SHARDS
    owners = list(_owners(streams - 1))
    for _ in range(SHARDS // streams):
        largest = max(range(streams - 1), key=owners.count)
        owners[max(shard for shard, owner in enumerate(owners) if owner == largest)] = streams - 1
    return tuple(owners)
