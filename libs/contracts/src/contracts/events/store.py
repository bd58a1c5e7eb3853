"""The long-term memory of graphs, LangGraph's store: items in namespaces.

The events of one namespace are under one conversation-like key (`subjects.store`).
"""

from typing import Any, ClassVar, Final

from contracts.events.base import Event

STORE_RESPONDER: Final = "store"
"""Stands where a conversation has its responder."""


class ItemPut(Event):
    """An item was stored, in place of one of the same key.

    Attributes:
        namespace: its path, from the root.
        key: its name in the namespace.
        value: a JSON object.
        ttl: minutes after its last use from which it is not shown any more; None for never.
        embedding: what made the vectors; empty where there are none.
        vectors: the vectors of its texts for the search by meaning, each base64 of little-endian 32-bit
            floats.
    """

    type: ClassVar[str] = "store.item_put"

    namespace: tuple[str, ...]
    key: str
    value: dict[str, Any]
    ttl: float | None = None
    embedding: str = ""
    vectors: tuple[str, ...] = ()


class ItemDeleted(Event):
    """An item was deleted, if there was one.

    Attributes:
        namespace: its path, from the root.
        key: its name in the namespace.
    """

    type: ClassVar[str] = "store.item_deleted"

    namespace: tuple[str, ...]
    key: str


class ItemsRefreshed(Event):
    """Items with a time to live were read; their time begins again.

    Attributes:
        namespace: their path, from the root.
        keys: their names in the namespace.
    """

    type: ClassVar[str] = "store.items_refreshed"

    namespace: tuple[str, ...]
    keys: tuple[str, ...]


class NamespaceClaimed(Event):
    """A user whose name is a label of the namespace put something there, and owns it from here on.

    Clients of the store reach it with this user's token only; graphs reach it as before.

    Attributes:
        owner: the user, proved by a token.
    """

    type: ClassVar[str] = "store.namespace_claimed"

    owner: str
