"""Quiet conversations go to the archive and come back, wherever somebody is cut off on the way."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import nats
import pytest
from faststream.nats import NatsRouter
from prometheus_client import CollectorRegistry
from tests.told import told

from chassis.metrics import ProjectionMetrics
from contracts import subjects
from contracts.envelope import ID, Recorded
from contracts.events import (
    REGISTERED,
    UPCASTERS,
    CheckpointSaved,
    ConversationStarted,
    Event,
    MessageReceived,
    RunCompleted,
    RunStarted,
)
from contracts.events.checkpoint import Blob
from contracts.queries import RETURN, Return, Returned, SessionQuery, SessionsQuery
from contracts.registry import Registry
from eventlog.admin import archive as archiving
from eventlog.admin import portable
from eventlog.admin.archive import Archive
from eventlog.admin.erasing import Unknown
from eventlog.admin.portable import NotPortable
from eventlog.admin.porter import Porter
from eventlog.admin.storage import Storage
from eventlog.archived import ArchiveIndex
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.ports import Unavailable
from eventlog.settings import NatsSettings
from eventlog.stored import StreamReader
from eventlog.turns.inbox import Inbox
from history_store.answers import Answers
from history_store.comparison import Outcome
from history_store.handlers import router
from history_store.projector import Projector
from history_store.rebuild import rebuild, second
from history_store.store import Store

AUTHOR = Author("test")
OPENING = ConversationStarted(responder_name="agent-runner", graph="chat", protocol="agent")


@dataclass
class House:
    """What an installation has of archiving: a log with its projection, and the operator's archive."""

    broker: Broker
    settings: NatsSettings
    log: JetStreamLog
    archive: Archive
    storage: Storage
    answers: Answers
    projector: Projector
    store: Store

    async def say(self, key: str, text: str, message_id: str, turns: int = 1) -> str:
        """A message and its answer, with as many checkpoints as there are turns; the id of the run."""
        inbox = Inbox(self.log, AUTHOR)
        message = MessageReceived(
            addressee="agent-runner", text=text, protocol="agent", message_id=message_id
        )
        receipt = await inbox.receive(key, message, OPENING)
        if not receipt.again:
            place = {"run_id": receipt.run_id, "message_sequence": receipt.sequence}
            saved: list[Event] = [
                CheckpointSaved(
                    checkpoint_id=f"{message_id}-{number}",
                    base=receipt.sequence,
                    header={},
                    metadata=Blob(format="json", data="e30="),
                    changed={},
                )
                for number in range(turns)
            ]
            facts = [RunStarted(**place), *saved, RunCompleted(**place, text=f"answer to {text}")]
            envelopes = [AUTHOR.envelope(key, fact) for fact in facts]
            await self.log.append(envelopes, expected=receipt.sequence)
        return receipt.run_id

    async def ids(self, key: str) -> list[str]:
        """The ids of the events that the log has of a conversation."""
        reader = StreamReader(self.broker.client, subjects.LOG_STREAM, 2)
        return [stored.headers[ID] async for stored in reader.range(subjects.conversation(key), after=0)]

    async def away(self, key: str) -> bool:
        """Whether nothing of a conversation is in the log, and the index has it."""
        index = ArchiveIndex(self.broker.client, 2)
        return not await self.ids(key) and await index.find(key) is not None

    async def verified(self) -> Outcome:
        """The tables compared with what a rebuild makes."""
        await self.projector.reached(await self.log.position(), timeout_seconds=10)
        index = ArchiveIndex(self.broker.client, 2)
        async with second(self.store) as beside:
            return await rebuild(
                self.log, self.store, beside, verify=True, say=lambda _: None, archived=index
            )

    async def digest(self, key: str) -> str:
        """The conversation's digest, as it is everywhere."""
        return dict((await self.verified()).digests)[key]


@asynccontextmanager
async def house(url: str, folder: Path, *, keeper: bool = True) -> AsyncIterator[House]:
    settings = NatsSettings(url=url)
    broker = Broker(settings, "operator")
    store = Store(f"sqlite+aiosqlite:///{folder / 'history.db'}")
    registry = Registry(REGISTERED, UPCASTERS)

    async def give_up(event: Recorded, reason: str) -> None:
        raise AssertionError(reason)

    projector = Projector(
        lambda: JetStreamLog(broker, registry, settings),
        store,
        give_up,
        ProjectionMetrics(CollectorRegistry()),
        outage_patience=10,
        archived=lambda: ArchiveIndex(broker.client, 2),
    )
    answers = Answers(store)
    broker.include_router(router(store, projector, query_wait=5))
    storage = Storage(str(folder / "archive"))
    found: list[Archive] = []
    routes = NatsRouter()

    @routes.subscriber(subjects.query(RETURN))
    async def bring_back(question: Return) -> Returned:
        return Returned(events=await found[0].bring_back(question.conversation))

    if keeper:
        broker.include_router(routes)
    async with AsyncExitStack() as stack:
        await broker.start()
        stack.push_async_callback(broker.stop)
        await store.prepare()
        stack.push_async_callback(store.close)
        task = asyncio.create_task(projector.run())
        found.append(Archive(broker, settings, storage))
        log = JetStreamLog(broker, registry, settings)
        try:
            yield House(broker, settings, log, found[0], storage, answers, projector, store)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


@pytest.fixture(scope="module")
def server(start_nats: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with start_nats(tmp_path_factory.mktemp("nats"), 1) as (started,):
        yield started.url


@pytest.fixture
async def url(server: str) -> AsyncIterator[str]:
    """A server whose streams are empty."""
    yield server
    client = await nats.connect(server)
    for stream in (subjects.LOG_STREAM, subjects.ARCHIVE_STREAM):
        await client.jetstream().purge_stream(stream)
    await client.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Conversations are quiet at once, and nothing is remembered of those that do not exist."""
    monkeypatch.setattr(archiving, "LEAST_QUIET", timedelta())
    monkeypatch.setattr("eventlog.returning.RECENTLY_SECONDS", 0)


async def test_a_quiet_conversation_leaves_and_comes_back_as_it_was(url: str, tmp_path: Path) -> None:
    async with house(url, tmp_path) as here:
        run = await here.say("조용한", "hello", "m1")
        await here.say("조용한", "again", "m2")
        await here.say("other", "x", "m1")
        before, digest = await told(here.log, "조용한"), await here.digest("조용한")
        assert await here.archive.only("조용한")
        assert await here.away("조용한")
        assert (await here.verified()).differences == 0
        listed = await here.answers.sessions(SessionsQuery(archived=True))
        assert [(each.key, each.status) for each in listed.sessions] == [("조용한", "completed")]
        assert await here.ids("other")
        # A repeated message of any age is still that message, and has the conversation back.
        assert await here.say("조용한", "hello", "m1") == run
        assert await told(here.log, "조용한") == before
        assert await here.digest("조용한") == digest
        assert (await here.verified()).differences == 0
        listed = await here.answers.sessions(SessionsQuery(archived=True))
        assert not listed.sessions
        assert await here.storage.names("") == []
        await here.say("조용한", "third", "m3")
        assert await here.archive.only("조용한")
        await here.log.last("조용한", "conversation.>")
        assert len(await told(here.log, "조용한")) == len(before) + 4


async def test_one_of_many_events_comes_back_in_parts(url: str, tmp_path: Path) -> None:
    async with house(url, tmp_path) as here:
        for number in range(4):
            await here.say("long", f"turn {number}", f"m{number}", turns=600)
        before, digest = await told(here.log, "long"), await here.digest("long")
        assert await here.archive.only("long")
        await asyncio.gather(*(here.log.tail("long") for _ in range(20)))
        assert await told(here.log, "long") == before
        assert await here.digest("long") == digest


class Cut(Exception):
    """Where a test cuts somebody off."""


STEPS = {
    "the file": ("storage", "put"),
    "the file is read": ("storage", "get"),
    "the event": ("_log", "append"),
    "the index": ("_index", "put"),
    "the index changed": ("_index", "_publish"),
    "the purge": (None, "remove"),
    "the return": ("_index", "begin_return"),
    "the events": ("_porter", "restore"),
    "a part of the events": ("_porter", "_append"),
    "the index forgets": ("_index", "remove"),
    "the note": ("_index", "end_return"),
    "the file is removed": ("_storage", "remove"),
}


def cutting(archive: Archive, step: str, *, after: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an operator be cut off before or after its first call of a step."""
    place, name = STEPS[step]
    owner: Any = getattr(archive, f"_{place.lstrip('_')}") if place else archiving
    real: Callable[..., Any] = getattr(owner, name)

    async def cut(*arguments: Any, **options: Any) -> Any:
        if after:
            await real(*arguments, **options)
        raise Cut(step)

    monkeypatch.setattr(owner, name, cut)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_who_is_cut_off_loses_and_doubles_nothing(
    step: str, after: bool, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portable, "MAX_BATCH", 6)
    async with house(url, tmp_path) as here:
        for number in range(2):
            await here.say("quiet", f"turn {number}", f"m{number}")
        before = await told(here.log, "quiet")
        with pytest.MonkeyPatch.context() as patch:
            victim = Archive(here.broker, here.settings, here.storage)
            cutting(victim, step, after=after, monkeypatch=patch)
            with suppress(Cut):
                await victim.only("quiet")
                await victim.bring_back("quiet")
                raise AssertionError("the step was never taken")
        # Whoever asks next has it whole, and what was begun is ended.
        await here.log.tail("quiet")
        assert await told(here.log, "quiet") == before
        await here.archive.resume()
        assert await ArchiveIndex(here.broker.client, 2).returning() == []
        run = await here.say("quiet", "turn 0", "m0")
        assert run == before[1].split()[1]
        assert (await here.verified()).differences == 0
        assert await here.archive.only("quiet")
        assert (await here.verified()).differences == 0


async def test_operators_at_once_do_no_harm(url: str, tmp_path: Path) -> None:
    async with house(url, tmp_path) as here:
        for number in range(12):
            await here.say(f"q{number}", "hello", "m", turns=number)
        before = {f"q{number}": await told(here.log, f"q{number}") for number in range(12)}
        others = [Archive(here.broker, here.settings, here.storage) for _ in range(3)]
        await asyncio.gather(*(each.sweep(timedelta()) for each in others), return_exceptions=True)
        await here.archive.resume()
        await here.archive.sweep(timedelta())
        assert all([await here.away(key) for key in before])
        await asyncio.gather(
            *(each.bring_back(key) for each in others for key in before),
            *(here.say(key, "hello", "m") for key in before),
        )
        assert {key: await told(here.log, key) for key in before} == before
        assert (await here.verified()).differences == 0


async def test_a_message_that_comes_in_between_keeps_it_in_the_log(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(url, tmp_path) as here:
        await here.say("busy", "hello", "m1")
        put = here.storage.put

        async def slow(name: str, content: bytes) -> None:
            await put(name, content)
            await here.say("busy", "meanwhile", "m2")

        monkeypatch.setattr(here.storage, "put", slow)
        assert not await here.archive.only("busy")
        assert len(await told(here.log, "busy")) == 9
        assert await here.storage.names("") == []


async def test_who_follows_is_told_to_come_again(url: str, tmp_path: Path) -> None:
    async with house(url, tmp_path) as here:
        await here.say("open", "hello", "m1")
        tail = await here.log.tail("open")
        async with here.log.follow("open", after=tail) as events:
            assert await here.archive.only("open")
            with pytest.raises(Unavailable, match="archived"):
                await anext(events)
        async with here.log.follow("open", after=tail) as events:
            await here.log.tail("open")
            with pytest.raises(Unavailable, match="archived"):
                await anext(events)
        begin = (await anext(aiter(here.log.read("open")))).sequence - 1
        async with here.log.follow("open", after=begin) as events:
            assert isinstance((await anext(events)).event, ConversationStarted)


async def test_what_was_asked_of_the_operator_is_refused_plainly(url: str, tmp_path: Path) -> None:
    async with house(url, tmp_path) as here:
        await here.say("lost", "hello", "m1")
        assert await here.archive.only("lost")
        (name,) = await here.storage.names("")
        content = await here.storage.get(name)
        await here.storage.remove(name)
        with pytest.raises(Unavailable, match="is missing"):
            await here.log.tail("lost")
        await here.storage.put(name, gzip.compress(b"nothing"))
        with pytest.raises(Unavailable, match="cannot be brought back"):
            await here.say("lost", "again", "m2")
        assert await here.ids("lost") == []
        assert content
        await here.storage.put(name, content)
        await here.say("lost", "again", "m2")
        assert len(await told(here.log, "lost")) == 9
    async with house(url, tmp_path, keeper=False) as here:
        assert await here.archive.only("lost")
        with pytest.raises(Unavailable, match="nobody answers"):
            await here.log.tail("lost")
        await here.say("new", "hello", "m1")


async def test_erasing_exporting_and_importing_know_what_is_archived(url: str, tmp_path: Path) -> None:
    async with house(url, tmp_path) as here:
        await here.say("gone", "hello", "m1")
        await here.say("other", "hello", "m1")
        porter = Porter(here.broker, here.settings)
        exported = [line async for line in porter.write("gone")]
        assert await here.archive.only("gone")
        assert await here.archive.lines("gone") == exported
        with pytest.raises(NotPortable, match="in use"):
            await porter.importing(exported)
        files = {name: await here.storage.get(name) or b"" for name in await here.storage.names("")}
        assert (await here.archive.erase("gone")).events == 6
        assert await here.storage.names("") == []
        assert await here.archive.lines("gone") is None
        assert await here.log.tail("gone") == 0
        with pytest.raises(Unknown):
            await here.archive.erase("gone")
        for name, content in files.items():  # as if the erasure had been cut off before it removed them
            await here.storage.put(name, content)
        assert (await here.archive.erase("gone")).files == len(files)
        assert await here.storage.names("") == []
        assert (await here.verified()).differences == 0
        await here.say("gone", "a new one", "m1")
        assert len(await told(here.log, "gone")) == 5


async def test_tables_that_were_lost_list_what_is_archived(url: str, tmp_path: Path) -> None:
    async with house(url, tmp_path) as here:
        for number in range(3):
            await here.say(f"q{number}", "hello", "m")
        assert await here.archive.sweep(timedelta()) == 3
        await here.archive.bring_back("q1")
        assert (await here.verified()).differences == 0
    (tmp_path / "history.db").unlink()
    async with house(url, tmp_path) as here:
        assert (await here.verified()).differences == 0
        found = await here.answers.sessions(SessionsQuery())
        assert {each.key: each.archived for each in found.sessions} == {"q0": True, "q1": False, "q2": True}
        found_one = await here.answers.session(SessionQuery(conversation="q2"))
        assert found_one.session
        assert found_one.session.archived
