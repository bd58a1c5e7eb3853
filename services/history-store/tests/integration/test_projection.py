"""The projection on real databases: kept up, shared by replicas, restarted, rebuilt and compared."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import OperationalError

from chassis.metrics import ProjectionMetrics
from contracts.envelope import Recorded
from contracts.events import (
    CheckpointSaved,
    ConversationDeleted,
    ConversationStarted,
    Event,
    MessageReceived,
    NodeCompleted,
    Question,
    RunCompleted,
    RunInterrupted,
    Step,
    Unrecognized,
)
from contracts.events.checkpoint import Blob
from contracts.queries import HistoryQuery, MessagesQuery, SessionQuery, SessionsQuery
from eventlog.author import Author
from eventlog.memory import MemoryLog
from history_store.answers import Answers
from history_store.comparison import Outcome
from history_store.counting import SHARE, Counting
from history_store.projector import Away, Behind, Projector
from history_store.rebuild import rebuild, second
from history_store.store import Moved, Store
from history_store.tables import CONVERSATION, ENTRY, POSITION

SOON = 10.0
FIXED_TIME = datetime(2025, 11, 3, 10, tzinfo=UTC)
FIXED_IDS = [UUID(int=number) for number in range(4)]
DIGEST = "3e05a82db6cbda9def9fbbfb3e1ba3ed353d8d1f5353d66b0d5ac03858c9f71b"
AUTHOR = Author("test")
CHECKPOINT = CheckpointSaved(
    checkpoint_id="c", base=1, header={}, metadata=Blob(format="json", data="e30="), changed={}
)
GiveUpCall = Callable[[Recorded, str], Awaitable[None]]


async def say(log: MemoryLog, key: str, *events: Event) -> int:
    """Append events to a conversation; gives the last sequence."""
    stored = await log.append([AUTHOR.envelope(key, e) for e in events], expected=await log.tail(key))
    return stored[-1].sequence


def started(user_id: str | None = "u", owner: str | None = None) -> ConversationStarted:
    return ConversationStarted(responder_name="agent-runner", protocol="octo", user_id=user_id, owner=owner)


def message(content: str) -> MessageReceived:
    return MessageReceived(addressee="agent-runner", text=content, protocol="octo")


def reply(content: str, run_id: str = "r") -> RunCompleted:
    return RunCompleted(run_id=run_id, message_sequence=1, text=content)


async def talk(log: MemoryLog, conversations: int, turns: int) -> int:
    """Many short conversations, one of them deleted and begun again."""
    last = 0
    for number in range(conversations):
        await say(log, f"대화 {number}", started(f"user {number % 3}"))
    for turn in range(turns):
        for number in range(conversations):
            last = await say(log, f"대화 {number}", message(f"질문 {turn}"), reply(f"답 {turn}"))
    await say(log, "대화 0", ConversationDeleted())
    return await say(log, "대화 0", started(), message("다시")) if turns else last


async def refuse_to_give_up(event: Recorded, reason: str) -> None:
    raise AssertionError(f"event {event.sequence} was called poison: {reason}")


@asynccontextmanager
async def projecting(
    log: MemoryLog, store: Store, give_up: GiveUpCall = refuse_to_give_up, patience: float = SOON
) -> AsyncIterator[Projector]:
    """A projector at work."""
    projector = Projector(
        lambda: log, store, give_up, ProjectionMetrics(CollectorRegistry()), outage_patience=patience
    )
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


async def test_lists_by_user_status_and_caller_with_the_newest_first(store: Store) -> None:
    log = MemoryLog()
    await say(log, "a", started("kim"))
    await say(log, "b", started("lee"), message("hi"))
    await say(log, "c", started("kim", owner="kim"), message("hi"))
    last = await say(log, "a", message("later"))
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    answers = Answers(store)

    async def keys(query: SessionsQuery) -> tuple[list[str], int]:
        found = await answers.sessions(query)
        return [session.key for session in found.sessions], found.total

    assert await keys(SessionsQuery()) == (["a", "b"], 2)
    assert await keys(SessionsQuery(caller="kim")) == (["a", "c", "b"], 3)
    assert await keys(SessionsQuery(caller="kim", user_id="kim")) == (["a", "c"], 2)
    assert await keys(SessionsQuery(caller="kim", limit=1, offset=1)) == (["c"], 3)
    assert await keys(SessionsQuery(status="active")) == ([], 0)
    assert await keys(SessionsQuery(status="in_progress", user_id="lee")) == (["b"], 1)


async def test_messages_are_the_newest_in_order_and_history_has_the_steps(store: Store) -> None:
    log = MemoryLog()
    step = Step(kind="final_answer", text="[rows]")
    node = NodeCompleted(run_id="r1", message_sequence=2, node="answer", step=1, steps=(step,))
    asked = RunInterrupted(
        run_id="r2", message_sequence=5, questions=(Question(interrupt_id="i", question="정말?"),)
    )
    await say(log, "a", started(), message("one"), node, reply("first", "r1"), message("two"), asked)
    last = await say(log, "a", reply("second", "r2"))
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    answers = Answers(store)
    found = await answers.messages(MessagesQuery(conversation="a", limit=3))
    assert found.total == 5
    assert [(m.author, m.content) for m in found.messages] == [
        ("human", "two"),
        ("ai", "정말?"),
        ("ai", "second"),
    ]
    pages = []
    after = None
    while True:
        page = await answers.history(HistoryQuery(conversation="a", after=after, limit=2))
        pages += [(e.role, e.step_kind, e.content) for e in page.entries]
        if (after := page.next) is None:
            break
    assert pages == [
        ("user", None, "one"),
        ("agent", "final_answer", "[rows]"),
        ("user", None, "two"),
        ("agent", None, "정말?"),
        ("agent", "final_answer", "second"),
    ]


async def test_an_answer_fits_into_a_message_however_much_was_said(store: Store) -> None:
    log = MemoryLog()
    last = await say(log, "a", started(), *(message("가" * 100_000) for _ in range(5)))
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    page = await Answers(store).history(HistoryQuery(conversation="a"))
    assert len(page.model_dump_json().encode()) < 1 << 20
    assert page.next is not None
    rest = await Answers(store).history(HistoryQuery(conversation="a", after=page.next))
    assert len(page.entries) + len(rest.entries) < 5
    assert rest.next is not None


async def test_a_deleted_conversation_is_gone_and_its_key_begins_anew(store: Store) -> None:
    log = MemoryLog()
    await say(log, "a", started(), message("secret"))
    async with projecting(log, store) as projector:
        deleted = await say(log, "a", ConversationDeleted())
        await projector.reached(deleted, timeout_seconds=SOON)
        answers = Answers(store)
        assert (await answers.session(SessionQuery(conversation="a"))).session is None
        assert (await answers.history(HistoryQuery(conversation="a"))).entries == ()
        again = await say(log, "a", started(), message("hello"))
        await projector.reached(again, timeout_seconds=SOON)
        assert [e.content for e in (await answers.history(HistoryQuery(conversation="a"))).entries] == [
            "hello"
        ]
    async with store.reading() as connection:
        assert len((await connection.execute(select(ENTRY))).all()) == 1


async def test_a_restart_goes_on_where_it_stopped(url: str) -> None:
    log = MemoryLog()
    for _ in range(3):
        store = Store(url)
        await store.prepare()
        last = await talk(log, conversations=5, turns=4)
        async with projecting(log, store) as projector:
            await projector.reached(last, timeout_seconds=SOON)
        outcome = await verified(log, store)
        assert (outcome.differences, outcome.position) == (0, last)
        await store.close()


async def test_replicas_share_the_work_and_apply_nothing_twice(url: str) -> None:
    log = MemoryLog()
    stores = [Store(url), Store(url)]
    await asyncio.gather(*(store.prepare() for store in stores))
    async with projecting(log, stores[0]) as one, projecting(log, stores[1]) as other:
        last = await talk(log, conversations=20, turns=10)
        await one.reached(last, timeout_seconds=SOON)
        await other.reached(last, timeout_seconds=SOON)
    assert (await verified(log, stores[0])).differences == 0
    for store in stores:
        await store.close()


async def test_a_batch_after_another_position_writes_nothing(store: Store) -> None:
    log = MemoryLog()
    await say(log, "a", started(), message("hi"))
    events = [event async for event in log.read("a")]
    await store.apply(events, after=0)
    with pytest.raises(Moved):
        await store.apply(events, after=0)
    async with store.reading() as connection:
        assert len((await connection.execute(select(ENTRY))).all()) == 1


async def test_another_schema_version_begins_from_nothing(store: Store) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=2, turns=1)
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    async with store.writing() as connection:
        await connection.execute(update(POSITION).values(schema_version=0))
        await connection.execute(text("DROP TABLE entry"))
    with pytest.raises(Moved):
        await store.position()
    await store.prepare()
    assert await store.position() == 0
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    assert (await verified(log, store)).differences == 0


async def test_verify_lists_rows_that_are_missing_changed_or_too_many(store: Store) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=4, turns=3)
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    honest = await verified(log, store)
    async with store.writing() as connection:
        first, *_ = (await connection.execute(select(ENTRY.c.sequence).order_by(ENTRY.c.sequence))).scalars()
        await connection.execute(delete(ENTRY).where(ENTRY.c.sequence == first))
        await connection.execute(update(CONVERSATION).where(CONVERSATION.c.key == "대화 1").values(owner="x"))
        await connection.execute(
            ENTRY.insert().values(
                sequence=last + 9,
                number=0,
                incarnation=1,
                run_id="r",
                kind="reply",
                content="",
                occurred_at="",
            )
        )
    damaged = await verified(log, store)
    assert damaged.digests.of_all() == honest.digests.of_all()
    assert damaged.differences == 3
    assert damaged.examples == [
        "conversation (2,) differs in owner",
        f"entry {(first, 0)} is missing",
        f"entry {(last + 9, 0)} should not be there",
    ]


async def test_a_rebuild_mends_the_rows_while_the_projector_goes_on(store: Store) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=4, turns=3)
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
        async with store.writing() as connection:
            await connection.execute(delete(ENTRY))
        async with second(store) as beside, asyncio.TaskGroup() as tasks:
            tasks.create_task(rebuild(log, store, beside, verify=False, say=lambda _: None))
            for turn in range(20):
                last = await say(log, "대화 1", message(f"meanwhile {turn}"))
        await projector.reached(last, timeout_seconds=SOON)
    outcome = await verified(log, store)
    assert (outcome.differences, outcome.position) == (0, last)


async def test_the_digest_is_the_same_in_every_database(store: Store) -> None:
    log = MemoryLog()
    origin = Author("test", now=lambda: FIXED_TIME, new_id=iter(FIXED_IDS).__next__)
    events = [started("가"), message("나"), CHECKPOINT, reply("다")]
    await log.append([origin.envelope("a", event) for event in events], expected=0)
    async with projecting(log, store) as projector:
        await projector.reached(4, timeout_seconds=SOON)
    assert (await verified(log, store)).digests.of_all() == DIGEST


async def test_what_cannot_be_projected_is_put_aside_and_the_rest_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = MemoryLog()
    await say(log, "a", started(), message("before"))
    poison = await say(log, "a", reply("x").model_copy(update={"text": None}))
    last = await say(log, "a", message("after"))
    given_up: list[int] = []

    async def give_up(event: Recorded, reason: str) -> None:
        assert reason
        given_up.append(event.sequence)

    async with projecting(log, store, give_up) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    assert given_up == [poison]
    entries = (await Answers(store).history(HistoryQuery(conversation="a"))).entries
    assert [entry.content for entry in entries] == ["before", "after"]
    assert (await verified(log, store)).differences == 0


async def test_what_is_damaged_is_reported_once_and_the_rest_goes_on(store: Store) -> None:
    log = MemoryLog()
    await say(log, "a", started(), message("before"))
    lost = Unrecognized(name="message.received", data_version=1, reason="payload x is missing", damaged=True)
    damaged = await say(log, "a", lost)
    last = await say(log, "a", message("after"))
    given_up: list[tuple[int, str]] = []

    async def give_up(event: Recorded, reason: str) -> None:
        given_up.append((event.sequence, reason))

    async with projecting(log, store, give_up) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    assert given_up == [(damaged, "payload x is missing")]
    entries = (await Answers(store).history(HistoryQuery(conversation="a"))).entries
    assert [entry.content for entry in entries] == ["before", "after"]


async def test_a_database_that_comes_back_misses_no_event(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = MemoryLog()
    refused = asyncio.Event()
    apply = store.apply
    refusals = iter(range(2))

    async def refuse_twice(events: list[Recorded], *, after: int) -> None:
        if next(refusals, None) is not None:
            refused.set()
            raise OperationalError("UPDATE", {}, OSError("connection refused"))
        await apply(events, after=after)

    monkeypatch.setattr(store, "apply", refuse_twice)
    last = await talk(log, conversations=2, turns=2)
    async with projecting(log, store) as projector:
        await refused.wait()
        in_the_outage = projector.trouble
        await projector.reached(last, timeout_seconds=SOON)
        assert (in_the_outage is None, projector.trouble) == (False, None)
    assert (await verified(log, store)).differences == 0


async def test_a_database_that_stays_away_ends_the_projector(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(events: list[Recorded], *, after: int) -> None:
        raise OperationalError("UPDATE", {}, OSError("connection refused"))

    log = MemoryLog()
    await say(log, "a", started())
    monkeypatch.setattr(store, "apply", refuse)
    projector = Projector(
        lambda: log, store, refuse_to_give_up, ProjectionMetrics(CollectorRegistry()), outage_patience=0.2
    )
    with pytest.raises(Away, match="connection refused"):
        await projector.run()


async def restored(log: MemoryLog, until: int, *more: str) -> MemoryLog:
    """A log that was put back to an earlier sequence, and where something else was said since."""
    back = MemoryLog(log.made)
    async with log.follow_all(after=0) as batches:
        events = await anext(batches)
    for event in events[:until]:
        await back.append([event], expected=await back.tail(event.conversation))
    for said in more:
        await say(back, "대화 1", message(said))
    return back


async def told(store: Store, key: str) -> list[str]:
    entries = (await Answers(store).history(HistoryQuery(conversation=key))).entries
    return [entry.content for entry in entries]


@pytest.mark.parametrize("more", [0, 30], ids=["shorter", "longer"])
async def test_a_log_put_back_to_a_backup_is_noticed_at_start_and_projected_anew(
    store: Store, more: int, caplog: pytest.LogCaptureFixture
) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=4, turns=3)
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    back = await restored(log, 12, *(f"since {number}" for number in range(more)))
    assert (await verified(back, store)).differences
    async with projecting(back, store) as projector:
        await projector.reached(await back.position(), timeout_seconds=SOON)
        end = await say(back, "대화 1", message("later"))
        await projector.reached(end, timeout_seconds=SOON)
        assert (await projector.problem()) is None
    assert "filled anew" in caplog.text
    outcome = await verified(back, store)
    assert (outcome.differences, outcome.position) == (0, end)
    assert (await told(store, "대화 1"))[-1] == "later"


async def test_a_log_put_back_while_it_is_projected_is_noticed(store: Store) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=4, turns=3)
    current = log
    projector = Projector(
        lambda: current,
        store,
        refuse_to_give_up,
        ProjectionMetrics(CollectorRegistry()),
        outage_patience=SOON,
    )
    task = asyncio.create_task(projector.run())
    try:
        await projector.reached(last, timeout_seconds=SOON)
        current = await restored(log, 12, "since")
        problem = await projector.problem()
        end = await say(current, "대화 1", message("later"))
        async with asyncio.timeout(SOON):
            while projector.position != end or projector.trouble:  # noqa: ASYNC110 - nothing tells of trouble's end
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
    assert problem is not None
    assert (await verified(current, store)).differences == 0


async def test_a_log_that_is_another_one_is_projected_from_its_beginning(store: Store) -> None:
    log, other = MemoryLog(), MemoryLog("another time")
    last = await talk(log, conversations=2, turns=2)
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    for _ in range(2):
        last = await talk(other, conversations=3, turns=2)
        async with projecting(other, store) as projector:
            await projector.reached(last, timeout_seconds=SOON)
        assert (await verified(other, store)).differences == 0


async def test_what_was_erased_since_is_no_reason_to_begin_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=4, turns=3)
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    id_at = log.id_at

    async def erased(sequence: int) -> str | None:
        return None if sequence == last else await id_at(sequence)

    monkeypatch.setattr(log, "id_at", erased)
    async with projecting(log, store) as projector:
        await projector.reached(await say(log, "대화 2", message("later")), timeout_seconds=SOON)
    assert "filled anew" not in caplog.text


@pytest.mark.parametrize("table", ["position", "conversation", "all", "rows"])
async def test_tables_that_are_emptied_while_it_runs_are_filled_again(store: Store, table: str) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=4, turns=3)
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
        assert await projector.problem() is None
        async with store.writing() as connection:
            for name in ("position", "conversation", "entry", "quotation"):
                if table == "rows":
                    await connection.execute(text(f"DELETE FROM {name}"))  # noqa: S608 - the test's own names
                elif table in (name, "all"):
                    await connection.execute(text(f"DROP TABLE {name}"))
        assert await projector.problem() is not None
        async with asyncio.timeout(SOON):
            while await projector.problem():  # noqa: ASYNC110 - readiness is asked again and again
                await asyncio.sleep(0.01)
    outcome = await verified(log, store)
    assert (outcome.differences, outcome.position) == (0, last)


@pytest.mark.parametrize("running", [True, False])
async def test_rows_that_are_removed_while_the_position_stays_are_filled_again(
    store: Store, running: bool, caplog: pytest.LogCaptureFixture
) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=4, turns=3)

    async def remove() -> None:
        async with store.writing() as connection:
            await connection.execute(
                text("DELETE FROM entry WHERE sequence = (SELECT min(sequence) FROM entry)")
            )

    async def whole() -> bool:
        try:
            return await store.position() == last and await store.miscounted() is None
        except Moved:  # the tables are made just now
            return False

    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
        assert await whole()
        if running:
            await remove()
            projector.suspect()
            async with asyncio.timeout(SOON):
                while not await whole():  # noqa: ASYNC110 - nothing tells when it is noticed
                    await asyncio.sleep(0.01)
    if not running:
        await remove()
        async with projecting(log, store) as projector:
            await projector.reached(last, timeout_seconds=SOON)
    assert "rows instead of" in caplog.text
    assert (await verified(log, store)).differences == 0


async def test_a_table_that_is_emptied_is_counted_at_once(store: Store) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=2, turns=2)
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    counting = Counting(store)
    assert await counting.complaint(at_once=False) is None
    async with store.writing() as connection:
        await connection.execute(text("DELETE FROM entry WHERE sequence = (SELECT min(sequence) FROM entry)"))
    assert await counting.complaint(at_once=False) is None  # a row is noticed by the next count
    async with store.writing() as connection:
        await connection.execute(text("DELETE FROM entry"))
    assert "rows instead of" in str(await counting.complaint(at_once=False))


async def test_the_longer_rows_take_to_be_counted_the_less_often_they_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.prepare()
    counting = Counting(store)
    now = 0.0
    counted = []

    async def count() -> None:
        nonlocal now
        counted.append(now)
        now += 3.0

    monkeypatch.setattr(counting, "_clock", lambda: now)
    monkeypatch.setattr(counting, "_due", 0.0)
    monkeypatch.setattr(store, "miscounted", count)
    while now < 2 * 3.0 / SHARE:
        now += 10.0
        await counting.complaint(at_once=False)
    first, second_time = counted
    assert 0 <= second_time - first - 3.0 / SHARE <= 3.0 + 10.0


async def test_nobody_is_told_what_half_filled_tables_hold(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=2, turns=2)
    go_on = asyncio.Event()
    apply = store.apply

    async def halting(events: list[Recorded], *, after: int) -> None:
        if not after:
            await apply(events[:1], after=after)
            raise Moved("only the first was taken")
        await go_on.wait()
        await apply(events, after=after)

    monkeypatch.setattr(store, "apply", halting)
    async with projecting(log, store) as projector:
        with pytest.raises(Behind):
            await projector.reached(0, timeout_seconds=0.5)
        assert "being filled" in (await projector.problem() or "")
        go_on.set()
        await projector.reached(0, timeout_seconds=SOON)
        assert (projector.position, await projector.problem()) == (last, None)


async def test_a_rebuild_ends_where_the_log_does(store: Store) -> None:
    log = MemoryLog()
    last = await talk(log, conversations=4, turns=3)
    async with projecting(log, store) as projector:
        await projector.reached(last, timeout_seconds=SOON)
    back = await restored(log, 12)
    async with second(store) as beside:
        outcome = await rebuild(back, store, beside, verify=False, say=lambda _: None)
    assert (outcome.position, await store.position()) == (12, 12)
    assert (await verified(back, store)).differences == 0


async def test_whoever_asks_for_a_later_sequence_waits_and_is_told_in_time(store: Store) -> None:
    log = MemoryLog()
    async with projecting(log, store) as projector:
        waiting = asyncio.create_task(projector.reached(2, timeout_seconds=SOON))
        await say(log, "a", started(), message("hi"))
        await waiting
        with pytest.raises(Behind):
            await projector.reached(99, timeout_seconds=0.05)
