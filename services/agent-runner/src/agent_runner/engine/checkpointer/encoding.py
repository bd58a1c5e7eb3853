"""Values to blobs and back, and what a list that grew has in common with what it was."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from operator import is_
from typing import Any, Final

from langchain_core.messages import BaseMessage
from langgraph.checkpoint.serde.base import SerializerProtocol

from agent_runner.engine.checkpointer.values import Value
from contracts.events.checkpoint import Blob

_SHAREABLE: Final = (BaseMessage, str, bytes, int, float, type(None))
"""Items that graphs replace and never change, so that the same object is the same value."""

_OPAQUE: Final = object()
"""Stands for an item that may have changed in place: equal to nothing."""


class Unstorable(TypeError):
    """A value that the serializer does not take; the text says which node wrote it, and under which key."""

    def __init__(self, value: object, key: str = "", node: str = "") -> None:
        self._value, self._key, self._node = value, key, node
        place = f"{key!r}" if key else "a value"
        by = f"node {node!r}: " if node else ""
        super().__init__(f"{by}{place} holds a {_kind(value)}, which cannot be stored")

    def of_key(self, key: str) -> "Unstorable":
        """The same, known to have been written under a key."""
        return Unstorable(self._value, key, self._node)

    def of_node(self, node: str) -> "Unstorable":
        """The same, known to have been written by a node."""
        return Unstorable(self._value, self._key, node)


class Encoding:
    """A serializer over blobs."""

    def __init__(self, serde: SerializerProtocol) -> None:
        self._serde = serde

    def dump(self, value: object) -> Blob:
        """The blob of a value."""
        try:
            kind, data = self._serde.dumps_typed(value)
        except Exception as error:
            raise Unstorable(value) from error
        # base64 is valid by construction; validating every blob would cost more than making it.
        return Blob.model_construct(format=kind, data=b64encode(data).decode("ascii"))

    def load(self, blob: Blob) -> Any:
        """A new object from a blob."""
        return self._serde.loads_typed((blob.format, b64decode(blob.data)))

    def load_value(self, value: Value, *, share: bool) -> Any:
        """The value of a channel that has one.

        Args:
            share: give out messages as the very objects of the last time, and remember new ones.
        """
        if value.stored is None:
            return None
        if isinstance(value.stored, Blob):
            return self.load(value.stored)
        if not share:
            return [self.load(blob) for blob in value.stored]
        live = value.live or [_OPAQUE] * len(value.stored)
        items = [
            self.load(blob) if item is _OPAQUE else item
            for blob, item in zip(value.stored, live, strict=True)
        ]
        value.live = shareable(items)
        return items

    def dump_items(
        self, items: Sequence[object], earlier: Value | None, written: frozenset[int] | None
    ) -> tuple[int, list[Blob]]:
        """How many leading items are those of an earlier version, and the blobs of all the others.

        Args:
            written: ids of the objects written since then, which may have changed in place;
                None if that is not known and every item has to be compared as serialized.
        """
        stored = earlier.stored if earlier and isinstance(earlier.stored, Sequence) else ()
        keep = 0
        if earlier and earlier.live and written is not None:
            keep = _same(items, earlier.live, written)
        while keep < min(len(items), len(stored)):
            blob = self.dump(items[keep])
            if blob != stored[keep]:
                break
            keep += 1
        return keep, [self.dump(item) for item in items[keep:]]


def shareable(items: Sequence[object], earlier: Sequence[object] = ()) -> list[object]:
    """The items whose identity can be relied on, with a mark in place of the others.

    Args:
        earlier: what this gave for the list as it was before; what has stayed is not looked at again.
    """
    same = _identical(items, earlier)
    return [*earlier[:same], *(item if isinstance(item, _SHAREABLE) else _OPAQUE for item in items[same:])]


def ids_of(written: Iterable[object]) -> frozenset[int] | None:
    """The ids of written objects and of the items of written lists; None if some are neither."""
    ids: set[int] = set()
    for value in written:
        for item in value if isinstance(value, list) else (value,):
            if not isinstance(item, _SHAREABLE):
                return None
            ids.add(id(item))
    return frozenset(ids) or None


def _same(items: Sequence[object], live: Sequence[object], written: frozenset[int]) -> int:
    same = _identical(items, live)
    if written.isdisjoint(map(id, items[:same])):
        return same
    return next(index for index, item in enumerate(items) if id(item) in written)


def _identical(items: Sequence[object], others: Sequence[object]) -> int:
    """How many leading items are the same objects; fast, as every list is compared at every step."""
    flags = list(map(is_, items, others))
    return flags.index(False) if False in flags else len(flags)


def _kind(value: object) -> str:
    """The value's type, or that of what is wrong within it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    plain = (str, bytes, int, float, bool, dict, list, tuple, type(None))
    found = next((item for item in inner if not isinstance(item, plain)), value)
    return type(found).__name__
