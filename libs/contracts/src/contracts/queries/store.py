"""The store of graphs: what history-store is asked of its items, and what agent-runner does for others.

Who embeds texts is agent-runner, so that other services put and search by way of it.
"""

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.queries.base import Query

Namespace = tuple[str, ...]


class StoredItem(BaseModel):
    """An item as it stands. Times are UTC with microseconds.

    Attributes:
        ttl: minutes that it lives after its last use; None for ever.
        expires_at: when that is over.
        score: how near it is to what was searched for, 1 for the same; None where it has no vector.
    """

    model_config = ConfigDict(frozen=True)

    namespace: Namespace
    key: str
    value: dict[str, Any]
    created_at: str
    updated_at: str
    ttl: float | None = None
    expires_at: str | None = None
    score: float | None = None


ITEM: Final = "history.item"


class ItemQuery(Query):
    """One item by its key."""

    namespace: Namespace
    key: str


class ItemFound(BaseModel):
    """The answer to `ItemQuery`."""

    model_config = ConfigDict(frozen=True)

    item: StoredItem | None = None


ITEMS: Final = "history.items"


class ItemsQuery(Query):
    """Items of a namespace and those below it; the nearest first with a vector, else the newest.

    Attributes:
        prefix: the namespace; empty for all.
        filter: fields of the value, each with what it must be or with operators such as ``{"$gt": 4}``; as
            Python writes JSON, since `inf` may be among them.
        embedding: what made `vector`; only vectors of the same make are compared.
        vector: base64 of little-endian 32-bit floats.
        guarded: items of namespaces that are another user's than `caller` are left out.
    """

    prefix: Namespace = ()
    filter: str | None = None
    embedding: str = ""
    vector: str | None = None
    limit: int = Field(default=10, ge=0)
    offset: int = Field(default=0, ge=0)
    guarded: bool = False
    caller: str | None = None


class Items(BaseModel):
    """The answer to `ItemsQuery`; it may hold fewer than asked for.

    Attributes:
        next: the offset to go on from; None at the end.
    """

    model_config = ConfigDict(frozen=True)

    items: tuple[StoredItem, ...] = ()
    next: int | None = None


NAMESPACES: Final = "history.namespaces"


class NamespaceMatch(BaseModel):
    """A pattern that namespaces begin or end with; ``*`` stands for any label."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["prefix", "suffix"]
    path: Namespace


class NamespacesQuery(Query):
    """The namespaces that hold items, in order, each once.

    Attributes:
        matches: all of these must fit.
        max_depth: longer ones are cut to so many labels.
        guarded: those that are another user's than `caller` are left out.
    """

    matches: tuple[NamespaceMatch, ...] = ()
    max_depth: int | None = Field(default=None, ge=1)
    limit: int = Field(default=100, ge=0)
    offset: int = Field(default=0, ge=0)
    guarded: bool = False
    caller: str | None = None


class Namespaces(BaseModel):
    """The answer to `NamespacesQuery`."""

    model_config = ConfigDict(frozen=True)

    namespaces: tuple[Namespace, ...] = ()


STORE_PUT: Final = "runner.store_put"


class StorePut(BaseModel):
    """Store an item.

    Attributes:
        index: the fields it is found by, False for none; None for those that are configured.
        ttl: minutes after its last use; None for what is configured.
        caller: the user who asks, where a token proves it.
    """

    model_config = ConfigDict(frozen=True)

    namespace: Namespace
    key: str
    value: dict[str, Any]
    index: Literal[False] | tuple[str, ...] | None = None
    ttl: float | None = Field(default=None, gt=0)
    caller: str | None = None


STORE_DELETE: Final = "runner.store_delete"


class StoreDelete(BaseModel):
    """Delete an item."""

    model_config = ConfigDict(frozen=True)

    namespace: Namespace
    key: str


class StoreChanged(BaseModel):
    """The answer to `StorePut` and `StoreDelete`: it is in the log, and every later question sees it."""

    model_config = ConfigDict(frozen=True)


STORE_GET: Final = "runner.store_get"


class StoreGet(BaseModel):
    """One item by its key, answered by `ItemFound`."""

    model_config = ConfigDict(frozen=True)

    namespace: Namespace
    key: str
    refresh_ttl: bool | None = None


STORE_SEARCH: Final = "runner.store_search"


class StoreSearch(BaseModel):
    """Items of a namespace and those below it, answered by `Items`.

    Attributes:
        query: what they are to be about; not regarded where no embedding is configured.
        caller: the user who asks, where a token proves it.
    """

    model_config = ConfigDict(frozen=True)

    prefix: Namespace = ()
    filter: dict[str, Any] | None = None
    query: str | None = None
    limit: int = Field(default=10, ge=0, le=1000)
    offset: int = Field(default=0, ge=0)
    refresh_ttl: bool | None = None
    caller: str | None = None


STORE_NAMESPACES: Final = "runner.store_namespaces"


class StoreNamespaces(BaseModel):
    """The namespaces that hold items, answered by `Namespaces`.

    Attributes:
        caller: the user who asks, where a token proves it.
    """

    model_config = ConfigDict(frozen=True)

    prefix: Namespace = ()
    suffix: Namespace = ()
    max_depth: int | None = Field(default=None, ge=1)
    limit: int = Field(default=100, ge=0, le=1000)
    offset: int = Field(default=0, ge=0)
    caller: str | None = None
