"""A LangGraph `BaseStore` whose items are events, and whose answers come from history-store.

What was put is seen by every later read of this process and of others: an item is asked for with where its
namespace ends, and a search with where the whole log does.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias, TypeVar

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
)
from langgraph.store.base import (
    validate_op_namespace as check_labels,
)
from pydantic import BaseModel

from agent_runner.engine.memory.indexing import Index
from agent_runner.engine.memory.namespaces import Namespaces
from agent_runner.engine.memory.owning import OWNER, reach
from contracts.events import Event, ItemDeleted, ItemPut, ItemsRefreshed
from contracts.queries import (
    ITEM,
    ITEMS,
    NAMESPACES,
    ItemFound,
    ItemQuery,
    Items,
    ItemsQuery,
    NamespaceMatch,
    NamespacesQuery,
    StoredItem,
)
from contracts.queries import Namespaces as Listed
from eventlog.author import Author
from eventlog.ports import Log

AnswerT = TypeVar("AnswerT", bound=BaseModel)
ResultT = TypeVar("ResultT")
Ask: TypeAlias = Callable[[str, BaseModel, type[AnswerT]], Awaitable[AnswerT]]
"""Asks a question by its name."""

MAX_VALUE_BYTES: Final = 4 * 1024 * 1024
"""Of an item's value as JSON."""
MAX_NAME_BYTES: Final = 1000
"""Of a namespace's labels together, and of a key."""
WAIT_SECONDS: Final = 60.0
"""How long a thread waits for the loop."""
_FRESH: Final = 0.1
"""The part of an item's time that may be over before a read begins it anew: so many reads cost no append."""


class LogStore(BaseStore):
    """One store for all graphs of this process."""

    supports_ttl = True

    def __init__(
        self,
        log: Log,
        author: Author,
        ask: Ask[Any],
        *,
        index: Index | None = None,
        ttl: TTLConfig | None = None,
    ) -> None:
        """Needs a running loop, to which synchronous calls from threads are handed."""
        self._log = log
        self._namespaces = Namespaces(log, author)
        self._ask = ask
        self._index = index
        self._loop = asyncio.get_running_loop()
        self.ttl_config = ttl

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """See `BaseStore`; for threads.

        Raises:
            asyncio.InvalidStateError: on the loop's own thread, which must not wait for itself.
        """
        return self._handed_over(self.abatch(ops))

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """See `BaseStore`: reads see what was there before the batch, of puts of one item the last counts.

        Raises:
            InvalidNamespaceError, ValueError, TypeError: if what is asked or stored does not fit.
            LogError: if the log or history-store does not answer.
        """
        asked = list(ops)
        for op in asked:
            check_labels(op)
        puts = {(tuple(op.namespace), op.key): op for op in asked if isinstance(op, PutOp)}
        events = [await self._event(op) for op in puts.values()]
        results = await asyncio.gather(*map(self._read, asked))
        by_namespace: dict[tuple[str, ...], list[Event]] = {}
        for (namespace, _), event in zip(puts, events, strict=True):
            by_namespace.setdefault(namespace, []).append(event)
        await asyncio.gather(*(self._namespaces.append(*pair, OWNER.get()) for pair in by_namespace.items()))
        return list(results)

    async def _event(self, op: PutOp) -> ItemPut | ItemDeleted:
        namespace = tuple(op.namespace)
        _check_name("namespace", ".".join(namespace))
        _check_name("key", op.key)
        if op.value is None:
            return ItemDeleted(namespace=namespace, key=op.key)
        value = _as_json(op.value, f"{'.'.join(namespace)}: item {op.key!r}")
        vectors: tuple[str, ...] = ()
        if self._index and op.index is not False:
            vectors = await self._index.vectors(value, op.index)
        return ItemPut(
            namespace=namespace,
            key=op.key,
            value=value,
            ttl=op.ttl,
            embedding=self._index.name if self._index and vectors else "",
            vectors=vectors,
        )

    async def _read(self, op: Op) -> Result:
        match op:
            case GetOp():
                return await self._get(op)
            case SearchOp():
                return await self._search(op)
            case ListNamespacesOp():
                return await self._list(op)
            case PutOp():
                return None

    async def _get(self, op: GetOp) -> Item | None:
        namespace = tuple(op.namespace)
        end = await self._namespaces.tail(namespace)
        if not end:
            return None
        question = ItemQuery(namespace=namespace, key=op.key, at_least=end)
        found: ItemFound = await self._ask(ITEM, question, ItemFound)
        if found.item is None:
            return None
        if op.refresh_ttl:
            await self._refresh([found.item])
        return Item(**_fields(found.item))

    async def _search(self, op: SearchOp) -> list[SearchItem]:
        vector = await self._index.vector(op.query) if self._index and op.query else None
        question = ItemsQuery(
            prefix=tuple(op.namespace_prefix),
            filter=json.dumps(op.filter) if op.filter else None,
            embedding=self._index.name if self._index and vector else "",
            vector=vector,
            limit=op.limit,
            offset=op.offset,
            at_least=await self._log.positions(),
            **reach(),
        )
        found: list[StoredItem] = []
        while question.limit > 0:
            page: Items = await self._ask(ITEMS, question, Items)
            found += page.items
            if page.next is None:
                break
            left = op.limit - len(found)
            question = question.model_copy(update={"offset": page.next, "limit": left})
        if op.refresh_ttl:
            await self._refresh(found)
        return [SearchItem(**_fields(item), score=item.score) for item in found]

    async def _list(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        question = NamespacesQuery(
            matches=tuple(
                NamespaceMatch(kind=condition.match_type, path=tuple(condition.path))
                for condition in op.match_conditions or ()
            ),
            max_depth=op.max_depth,
            limit=op.limit,
            offset=op.offset,
            at_least=await self._log.positions(),
            **reach(),
        )
        found: Listed = await self._ask(NAMESPACES, question, Listed)
        return list(found.namespaces)

    async def _refresh(self, items: Iterable[StoredItem]) -> None:
        """Begin the time anew of items that were read."""
        by_namespace: dict[tuple[str, ...], list[str]] = {}
        now = datetime.now(UTC)
        for item in items:
            if item.ttl is None or item.expires_at is None:
                continue
            left = datetime.fromisoformat(item.expires_at) - now
            if left < timedelta(minutes=item.ttl) * (1 - _FRESH):
                by_namespace.setdefault(item.namespace, []).append(item.key)
        for namespace, keys in by_namespace.items():
            await self._namespaces.append(namespace, [ItemsRefreshed(namespace=namespace, keys=tuple(keys))])

    def _handed_over(self, call: Coroutine[Any, Any, ResultT]) -> ResultT:
        try:
            running: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            running = None
        if running is self._loop:
            call.close()
            raise asyncio.InvalidStateError(
                "the store cannot be waited for on the event loop: in an async node, await the methods that "
                "begin with `a`, such as `store.aput`"
            )
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(WAIT_SECONDS)


def _fields(item: StoredItem) -> dict[str, Any]:
    return {
        "namespace": item.namespace,
        "key": item.key,
        "value": item.value,
        "created_at": datetime.fromisoformat(item.created_at),
        "updated_at": datetime.fromisoformat(item.updated_at),
    }


def _check_name(what: str, text: str) -> None:
    size = len(text.encode(errors="surrogatepass"))
    if size > MAX_NAME_BYTES:
        raise ValueError(f"store: a {what} has at most {MAX_NAME_BYTES} bytes, this one has {size}")


def _as_json(value: Mapping[str, Any], what: str) -> dict[str, Any]:
    """The value as JSON gives it back.

    Raises:
        TypeError: if it is no JSON.
        ValueError: if it is too large, or has a number or a character that JSON has not.
    """
    try:
        text = json.dumps(dict(value), allow_nan=False, ensure_ascii=False)
        size = len(text.encode())
    except TypeError as error:
        raise TypeError(f"store: {what}: not JSON: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ValueError(f"store: {what}: not JSON: {error}") from error
    if size > MAX_VALUE_BYTES:
        raise ValueError(f"store: {what}: has at most {MAX_VALUE_BYTES:,} bytes as JSON, not {size:,}")
    found: dict[str, Any] = json.loads(text)
    return found
