"""LangGraph's store over the log, by the cases of LangGraph's own suites for its stores, which run over its
store in memory as well.

Source: langchain-ai/langgraph, ``libs/checkpoint/tests/test_store.py`` and the suites of its stores in SQLite
and PostgreSQL (MIT).
"""

import asyncio
import math
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, TypeAlias

import pytest
from langchain_core.embeddings import Embeddings
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    PutOp,
    SearchOp,
    TTLConfig,
)
from langgraph.store.memory import InMemoryStore
from prometheus_client import CollectorRegistry

from access.ownership import owner_of
from agent_runner.engine.memory import Index, LogStore
from agent_runner.engine.memory.owning import for_client
from chassis.metrics import ProjectionMetrics
from contracts import subjects
from contracts.envelope import Recorded
from contracts.events import ConversationDeleted, NamespaceClaimed
from contracts.queries import ITEM, ITEMS, NAMESPACES, SessionsQuery
from eventlog.author import Author
from eventlog.memory import MemoryLog
from history_store.answers import Answers
from history_store.comparison import Outcome
from history_store.memory import Memory
from history_store.projector import Projector
from history_store.rebuild import rebuild, second
from history_store.store import Store

AUTHOR = Author("test")
Make: TypeAlias = Callable[..., BaseStore]


class Letters(Embeddings):
    """A vector from the letters of a text, by random projections."""

    def __init__(self) -> None:
        dice = random.Random(42)  # noqa: S311 - no secret
        self._projections: dict[str, list[float]] = defaultdict(
            lambda: [dice.gauss(0, 1 / math.sqrt(50)) for _ in range(50)]
        )

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> list[float]:
        counted = Counter(text)
        found = [0.0] * 50
        for letter, count in counted.items():
            found = [a + b * count for a, b in zip(found, self._projections[letter], strict=True)]
        length = math.hypot(*found) or 1.0
        return [number / length for number in found]


def asking(memory: Memory, projector: Projector) -> Callable[..., Awaitable[Any]]:
    """What history-store does with a question."""
    answers: Mapping[str, Callable[..., Awaitable[Any]]] = {
        ITEM: memory.item,
        ITEMS: memory.items,
        NAMESPACES: memory.namespaces,
    }

    async def ask(name: str, question: Any, answer: type[Any]) -> Any:
        await projector.reached(question.at_least, timeout_seconds=10)
        found = await answers[name](type(question).model_validate_json(question.model_dump_json()))
        return answer.model_validate_json(found.model_dump_json())

    return ask


async def never(event: Recorded, reason: str) -> None:
    raise AssertionError(f"event {event.sequence} was called poison: {reason}")


@asynccontextmanager
async def projecting(log: MemoryLog, store: Store) -> AsyncIterator[Projector]:
    """A projector at work."""
    metrics = ProjectionMetrics(CollectorRegistry())
    projector = Projector(lambda: log, store, never, metrics, outage_patience=10)
    task = asyncio.create_task(projector.run())
    try:
        yield projector
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def verified(log: MemoryLog, store: Store) -> Outcome:
    """How the live rows differ from the log's; their number is checked beside."""
    assert await store.miscounted() is None
    async with second(store) as beside:
        return await rebuild(log, store, beside, verify=True, say=lambda _: None)


@pytest.fixture
async def over(store: Store) -> AsyncIterator[tuple[MemoryLog, Callable[..., Awaitable[Any]]]]:
    """A log whose items are in the tables."""
    log = MemoryLog()
    async with projecting(log, store) as projector:
        yield log, asking(Memory(store), projector)


@pytest.fixture(params=["in memory", "over the log"])
def make(request: pytest.FixtureRequest, url: str) -> Make:
    """Makes a store, with an index of these fields where any are given."""
    if request.param == "in memory":
        if url.startswith("postgresql"):
            pytest.skip("LangGraph's own store has no database")
        return lambda *fields: InMemoryStore(
            index={"dims": 50, "embed": Letters(), "fields": list(fields)} if fields else None
        )
    log, ask = request.getfixturevalue("over")
    return lambda *fields: LogStore(
        log, AUTHOR, ask, index=Index("letters", Letters(), fields) if fields else None
    )


async def put_all(store: BaseStore, *namespaces: tuple[str, ...]) -> None:
    for namespace in namespaces:
        await store.aput(namespace, "k", {"v": ".".join(namespace)})


async def test_namespaces_are_listed_by_prefix_suffix_depth_and_page(make: Make) -> None:
    store = make()
    assert await store.alist_namespaces() == []
    await put_all(store, ("a", "b", "c"), ("a", "b", "d", "e"), ("a", "b", "d", "i"), ("a", "b", "f"))
    await put_all(store, ("a", "c", "f"), ("b", "a", "f"), ("users", "1"), ("users", "2", "settings"))
    below = [("a", "b", "c"), ("a", "b", "d", "e"), ("a", "b", "d", "i"), ("a", "b", "f")]
    assert await store.alist_namespaces(prefix=("a", "b")) == below
    assert await store.alist_namespaces(prefix=("a", "b"), limit=2) == below[:2]
    assert await store.alist_namespaces(prefix=("a", "b"), offset=2) == below[2:]
    cut = [("a", "b", "c"), ("a", "b", "d"), ("a", "b", "f")]
    assert await store.alist_namespaces(prefix=("a", "b"), max_depth=3) == cut
    ends = [("a", "b", "f"), ("a", "c", "f"), ("b", "a", "f")]
    assert await store.alist_namespaces(suffix=("f",)) == ends
    assert await store.alist_namespaces(suffix=("*", "f")) == ends
    assert await store.alist_namespaces(prefix=("a",), suffix=("f",)) == ends[:2]
    assert await store.alist_namespaces(prefix=("a", "*", "f")) == ends[:2]
    assert await store.alist_namespaces(prefix=("*", "users"), suffix=("*", "settings")) == []
    assert await store.alist_namespaces(prefix=("users", "1")) == [("users", "1")]
    assert await store.alist_namespaces(prefix=("nobody",)) == []


async def test_labels_are_taken_as_they_are_and_whole(make: Make) -> None:
    store = make()
    named = (
        *[("foo",), ("foo", "child"), ("foobar",), ("Foo",), ("user_1",), ("userX1",), ("a%b",), ("axxb",)],
        *[("star*", "x"), ("stars", "x"), ("이름", "기억"), ("line\n",), ("line",), ("l" * 300, "긴" * 90)],
    )
    await put_all(store, *named)

    async def below(*prefix: str) -> set[tuple[str, ...]]:
        return {item.namespace for item in await store.asearch(prefix, limit=100)}

    assert await below() == set(named)
    assert await below("foo") == {("foo",), ("foo", "child")}
    assert await below("fo") == set()
    for namespace in named[2:]:
        assert await below(*namespace) == {namespace}
        found = await store.aget(namespace, "k")
        assert found
        assert found.value == {"v": ".".join(namespace)}
    assert await store.alist_namespaces(suffix=("line",)) == [("line",)]


@pytest.mark.parametrize("namespace", [(), ("the", "thing.about"), ("some", ""), ("langgraph", "foo")])
async def test_wrong_namespaces_are_refused(make: Make, namespace: tuple[str, ...]) -> None:
    store = make()
    with pytest.raises(InvalidNamespaceError):
        await store.aput(namespace, "k", {})


async def test_a_batch_reads_what_was_there_before_it(make: Make) -> None:
    store = make()
    await store.aput(("test", "foo"), "key1", {"data": "value1"})
    await store.aput(("test", "bar"), "key2", {"data": "value2"})
    first, nothing, found, listed, missing = await store.abatch(
        [
            GetOp(("test", "foo"), "key1"),
            PutOp(("test", "bar"), "key2", {"data": "changed"}),
            SearchOp(("test",), {"data": "value2"}),
            ListNamespacesOp(limit=10),
            GetOp(("test",), "key3"),
        ]
    )
    assert first.value == {"data": "value1"}  # type: ignore[union-attr]  # an item
    assert [item.value for item in found] == [{"data": "value2"}]  # type: ignore[union-attr]  # items
    assert listed == [("test", "bar"), ("test", "foo")]
    assert (nothing, missing) == (None, None)
    await store.abatch([PutOp(("test",), "k", {"n": 1}), PutOp(("test",), "k", {"n": 2})])
    await store.abatch([PutOp(("test",), "gone", {"n": 1}), PutOp(("test",), "gone", None)])
    assert [item.value for item in await store.asearch(("test",), filter={"n": 2})] == [{"n": 2}]


async def test_items_are_replaced_and_deleted(make: Make) -> None:
    store = make()
    await store.aput(("n",), "k", {"한국어": ["값", None, 1.5, {"a": True}], "nul": "\0"})
    before = await store.aget(("n",), "k")
    assert before
    assert before.value == {"한국어": ["값", None, 1.5, {"a": True}], "nul": "\0"}
    await store.aput(("n",), "k", {"new": 1})
    after = await store.aget(("n",), "k")
    assert after
    assert (after.value, after.namespace, after.key) == ({"new": 1}, ("n",), "k")
    assert after.updated_at > before.updated_at
    await store.adelete(("n",), "k")
    await store.adelete(("n",), "never")
    assert await store.aget(("n",), "k") is None
    assert await store.asearch(("n",)) == []
    assert await store.alist_namespaces(prefix=("n",)) in ([], [("n",)])  # LangGraph's own keeps the name
    await store.aput(("n",), "k", {"again": 1})
    again = await store.aget(("n",), "k")
    assert again
    assert again.created_at > after.created_at


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({"color": "red"}, "ab"),
    ({"color": {"$ne": "red"}}, "cd"),
    ({"score": {"$gt": 3.2}}, "acd"),
    ({"score": {"$gte": 4}, "color": "green"}, "c"),
    ({"score": {"$lt": 3.5, "$gt": 1}}, "b"),
    ({"score": {"$lte": 3.5}}, "bd"),
    ({"score": {"$lt": float("inf")}}, "abcd"),
    ({"score": {"$eq": float("nan")}}, ""),
    ({"score": {"$lt": 10**100}}, "abcd"),
    ({"ok": True}, "ac"),
    ({"in": {"deep": {"er": 1}}}, "a"),
    ({"tags": ["x", "y"]}, "a"),
    ({"tags": ["y", "x"]}, ""),
    ({"color": "red' OR '1'='1"}, ""),
    ({"nothing": None}, "abcd"),
    ({"nothing": 1}, ""),
]


async def test_filters(make: Make) -> None:
    store = make()
    more = {"in": {"deep": {"er": 1, "and": 2}}, "tags": ["x", "y"]}
    await store.aput(("f",), "a", {"color": "red", "score": 4.5, "ok": True, **more})
    await store.aput(("f",), "b", {"color": "red", "score": 3.0, "ok": False})
    await store.aput(("f",), "c", {"color": "green", "score": 4.0, "ok": True})
    await store.aput(("f",), "d", {"color": "blue", "score": 3.5, "ok": False})
    for wanted, keys in FILTERS:
        found = await store.asearch(("f",), filter=wanted)
        assert "".join(sorted(item.key for item in found)) == keys, wanted
    page = await store.asearch(("f",), filter={"ok": True}, limit=1, offset=1)
    assert len(page) == 1
    assert await store.asearch(("f",), filter={"ok": True}, offset=2) == []


async def test_an_unknown_operator_is_refused(make: Make) -> None:
    store = make()
    await store.aput(("f",), "a", {"n": 1})
    with pytest.raises(ValueError, match="operator"):
        await store.asearch(("f",), filter={"n": {"$near": 1}})


async def test_the_nearest_come_first(make: Make) -> None:
    store = make("$")
    docs = {"doc1": ("red apple", "red", 4.5), "doc2": ("red car", "red", 3.0)}
    docs |= {"doc3": ("green apple", "green", 4.0), "doc4": ("blue car", "blue", 3.5)}
    for key, (text, color, score) in docs.items():
        await store.aput(("test",), key, {"text": text, "color": color, "score": score})

    async def nearest(query: str, **wanted: Any) -> list[str]:
        return [item.key for item in await store.asearch(("test",), query=query, filter=wanted)]

    assert await nearest("apple", color="red") == ["doc1", "doc2"]
    assert await nearest("car", color="red") == ["doc2", "doc1"]
    assert (await nearest("bbbbluuu", score={"$gt": 3.2}))[0] == "doc4"
    assert await nearest("apple", score={"$gte": 4.0}, color="green") == ["doc3"]
    pages = [await store.asearch(("test",), query="apple", limit=2, offset=start) for start in (0, 2)]
    assert len({item.key for page in pages for item in page}) == 4
    for query in ("", None):
        assert [item.score for item in await store.asearch(("test",), query=query)] == [None] * 4


async def test_a_vector_changes_with_its_item(make: Make) -> None:
    store = make("$")
    await store.aput(("test",), "doc1", {"text": "zany zebra Xerxes"})
    await store.aput(("test",), "doc2", {"text": "something about dogs"})
    first = await store.asearch(("test",), query="Zany Xerxes")
    assert first[0].key == "doc1"
    await store.aput(("test",), "doc1", {"text": "new text about dogs"})
    await store.aput(("test",), "doc3", {"text": "Zany Xerxes"}, index=False)
    after = {item.key: item.score for item in await store.asearch(("test",), query="Zany Xerxes")}
    assert after["doc3"] is None
    assert (after["doc1"] or 0) < (first[0].score or 0)


async def test_the_texts_of_an_item_are_found_by_their_paths(make: Make) -> None:
    store = make("key0", "key1", "key3")
    await store.aput(("test",), "doc1", {"key1": "xxx", "key2": "yyy", "key3": "zzz"})
    await store.aput(("test",), "doc2", {"key0": "uuu", "key1": "vvv", "key2": "www", "key3": "xxx"})
    await store.aput(("test",), "doc3", {"list": [{"a": "ppp"}, {"a": "qqq"}]}, index=["list[*].a"])

    async def scores(query: str) -> dict[str, float]:
        return {item.key: item.score or 0 for item in await store.asearch(("test",), query=query)}

    same = await scores("xxx")
    assert same["doc1"] == pytest.approx(same["doc2"], abs=1e-5) == pytest.approx(1, abs=1e-5)
    assert (await scores("uuu"))["doc2"] == pytest.approx(1, abs=1e-5)
    assert max((await scores("www")).values()) < 0.99
    assert (await scores("qqq"))["doc3"] == pytest.approx(1, abs=1e-5)


async def test_other_scripts(make: Make) -> None:
    store = make("$")
    texts = {"1": "这是中文", "2": "これは日本語です", "3": "이건 한국어야", "4": "Это русский"}
    for key, text in texts.items():
        await store.aput(("user_123", "memories"), key, {"text": text})
    for key, text in texts.items():
        assert (await store.asearch(("user_123", "memories"), query=text))[0].key == key


async def test_many_at_once_from_tasks_and_threads(make: Make) -> None:
    store = make()
    calls: list[Awaitable[Any]] = []
    for number in range(60):
        place = ("test", "foo", str(number % 2)), f"key{number % 20}"
        calls += [
            store.aput(*place, {"n": number}),
            asyncio.to_thread(store.put, *place, {"n": number}),
            store.aget(*place),
            asyncio.to_thread(store.search, ("test",)),
            store.alist_namespaces(max_depth=2),
            store.adelete(*place),
        ]
    await asyncio.gather(*calls)
    await asyncio.gather(*(store.aput(("test", "all"), f"{number}", {"n": number}) for number in range(100)))
    found = await asyncio.to_thread(store.search, ("test", "all"), limit=200)
    assert sorted(item.value["n"] for item in found) == list(range(100))


Over: TypeAlias = tuple[MemoryLog, Callable[..., Awaitable[Any]]]


async def test_the_loop_is_never_made_to_wait_for_itself(over: Over) -> None:
    store = LogStore(over[0], AUTHOR, over[1])
    with pytest.raises(asyncio.InvalidStateError, match="await"):
        store.put(("foo",), "k", {})


async def test_the_newest_come_first_and_keep_their_beginning(over: Over) -> None:
    store = LogStore(over[0], AUTHOR, over[1])
    for key in "abc":
        await store.aput(("n",), key, {"text": "x" * 300_000})
    first = await store.aget(("n",), "a")
    await store.aput(("n",), "a", {"again": True})
    assert [item.key for item in await store.asearch(("n",))] == ["a", "c", "b"]
    found = await store.aget(("n",), "a")
    assert found
    assert first
    assert found.created_at == first.created_at < found.updated_at


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ({"when": timedelta(1)}, "not JSON"),
        ({"n": float("nan")}, "not JSON"),
        ({"half": "\ud800"}, "not JSON"),
        ({"text": "x" * 5_000_000}, "at most 4,194,304 bytes"),
    ],
)
async def test_what_cannot_be_kept_is_refused_by_name(over: Over, value: Any, error: str) -> None:
    store = LogStore(over[0], AUTHOR, over[1])
    with pytest.raises((TypeError, ValueError), match=rf"n\.m: item 'k': .*{error}"):
        await store.aput(("n", "m"), "k", value)
    with pytest.raises(ValueError, match="key has at most 1000 bytes"):
        await store.aput(("n",), "k" * 1001, {})


async def test_items_live_for_a_time_after_their_last_use(over: Over, store: Store) -> None:
    log, ask = over
    ttl: TTLConfig = {"default_ttl": 10, "refresh_on_read": True}
    early, late = Author("test"), Author("test", now=lambda: AUTHOR.now() - timedelta(minutes=5))
    written = LogStore(log, late, ask, ttl=ttl)
    for key in ("read", "left"):
        await written.aput(("t",), key, {})
    await written.aput(("t",), "ever", {}, ttl=None)
    await written.aput(("t",), "over", {}, ttl=4.9)
    reading = LogStore(log, early, ask, ttl=ttl)
    assert await reading.aget(("t",), "over") is None
    before = await log.tail(subjects.store(("t",)))
    assert await reading.aget(("t",), "left", refresh_ttl=False)
    assert await log.tail(subjects.store(("t",))) == before
    assert await reading.aget(("t",), "read")
    assert await log.tail(subjects.store(("t",))) == before + 1
    assert await reading.aget(("t",), "read")
    assert await log.tail(subjects.store(("t",))) == before + 1, "a fresh one costs no append"
    later = Memory(store, now=lambda: AUTHOR.now() + timedelta(minutes=7))

    async def ask_later(_: str, question: Any, __: Any) -> Any:
        return await later.items(question)

    at_the_end = LogStore(log, early, ask_later)
    assert {item.key for item in await at_the_end.asearch(("t",))} == {"read", "ever"}


async def test_a_namespace_is_verified_erased_and_begun_anew(over: Over, store: Store) -> None:
    log, ask = over
    memory = LogStore(log, AUTHOR, ask, index=Index("letters", Letters()))
    for name in ("alice", "bob"):
        for number in range(3):
            await memory.aput(("users", name), f"{number}", {"text": f"{name} {number}"})
    await memory.aput(("users", "alice"), "1", {"text": "anew"})
    await memory.adelete(("users", "alice"), "2")
    outcome = await verified(log, store)
    assert (outcome.differences, outcome.examples) == (0, [])
    key = subjects.store(("users", "alice"))
    assert key == "store//users.alice"
    await log.append([AUTHOR.envelope(key, ConversationDeleted())], expected=await log.tail(key))
    assert {item.namespace for item in await memory.asearch(())} == {("users", "bob")}
    await memory.aput(("users", "alice"), "0", {"text": "back"})
    found = await memory.asearch(("users",), query="back", limit=1)
    assert [item.value for item in found] == [{"text": "back"}]
    outcome = await verified(log, store)
    assert (outcome.differences, outcome.examples) == (0, [])
    answers = Answers(store)
    assert (await answers.sessions(SessionsQuery())).sessions == ()
    assert {session.key for session in (await answers.sessions(SessionsQuery(everybodys=True))).sessions} == {
        "store//users.alice",
        "store//users.bob",
    }


async def test_another_writer_and_another_reader_see_it_at_once(over: Over) -> None:
    log, ask = over
    one, other = LogStore(log, AUTHOR, ask), LogStore(log, AUTHOR, ask)
    for number in range(20):
        writer, reader = (one, other) if number % 2 else (other, one)
        await writer.aput(("n",), "k", {"n": number})
        found = await reader.aget(("n",), "k")
        assert found
        assert found.value == {"n": number}
        assert [item.value for item in await reader.asearch(("n",))] == [{"n": number}]
    await asyncio.gather(*(store.aput(("n",), f"{n}", {}) for n in range(30) for store in (one, other)))
    assert len(await one.asearch(("n",), limit=100)) == 31


async def test_a_users_namespace_is_found_for_that_user_only(over: Over, store: Store) -> None:
    log, ask = over
    one, another = LogStore(log, AUTHOR, ask), LogStore(log, AUTHOR, ask)

    async def found(user: str | None) -> list[tuple[str, ...]]:
        with for_client(user):
            named = await one.alist_namespaces(prefix=("m",))
            assert sorted({item.namespace for item in await one.asearch(("m",), limit=100)}) == named
            assert sorted({item.namespace for item in await one.asearch(("m",), filter={"v": 1})}) == named
        return named

    await one.aput(("m", "ann"), "before", {"v": 1})
    assert await found("ben") == [("m", "ann")]
    for writer in (one, another, one):
        with for_client("ann"):
            await writer.aput(("m", "ann"), "said", {"v": 1})
            await writer.aput(("m", "all"), "said", {"v": 1})
    whole = [("m", "all"), ("m", "ann")]
    assert await found("ann") == whole
    assert await found("ben") == await found(None) == whole[:1]
    assert await one.alist_namespaces(prefix=("m",)) == whole
    key = subjects.store(("m", "ann"))
    claims = [event async for event in log.read(key, pattern=NamespaceClaimed.type)]
    assert [claim.event.owner for claim in claims if isinstance(claim.event, NamespaceClaimed)] == ["ann"]
    assert await owner_of(log, key) == "ann"
    assert (await verified(log, store)).differences == 0
