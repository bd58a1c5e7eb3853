"""Each service does its work as its own user of NATS, and is refused what is not its own."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import nats
import pytest
from faststream.nats import NatsRouter
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig
from pydantic import SecretStr
from tests.subscribed import subscribed

from agent_runner.agents import offering
from agent_runner.agents.documents import LogDocuments
from agent_runner.agents.offering import Offer
from agent_runner.agents.tools import built_in_tools
from agent_runner.agents.tools.folder import DataFolder
from contracts import queries, subjects
from contracts.events import (
    REGISTERED,
    UPCASTERS,
    ConversationStarted,
    CrisisAnswered,
    DocumentSaved,
    MessageReceived,
    RequestTaken,
    RunStarted,
    Unrecognized,
    VoiceSessionClaimed,
    VoiceSessionCreated,
    VoiceSessionOpened,
    VoiceSettingsChanged,
    VoiceToolCalled,
    VoiceToolReturned,
)
from contracts.live import Delta
from contracts.registry import Registry
from eventlog import configurations, link, service, streams
from eventlog import probe as health
from eventlog.admin import accounts, permissions
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.codec import encode
from eventlog.jetstream import JetStreamLog
from eventlog.live import JetStreamLive
from eventlog.query import ask
from eventlog.settings import NatsSettings
from eventlog.stored import StreamReader
from eventlog.turns.dead_letters import DeadLetter, put
from eventlog.turns.inbox import Inbox
from eventlog.turns.work import Held, WorkQueue
from voice_bridge.adapters import AgentTools

WAIT_SECONDS = 20
LARGE = "x" * (2 << 20)
NAMES = [user.name for user in permissions.USERS]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path: Path, nats_configured_by: Callable[[str], Any]) -> Any:
    """A server with the accounts, where a user's password is its name."""
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/passwords.conf").write_text(
        "".join(f'{permissions.variable(name)} = "{name}"\n' for name in accounts.names())
    )
    (tmp_path / "users.conf").write_text(accounts.users_file())
    return nats_configured_by('include "users.conf"')


def settings(server: Any, user: str) -> NatsSettings:
    return NatsSettings(url=server.url, user=user, password=user, request_timeout=WAIT_SECONDS)


@pytest.fixture
async def declared(server: Any) -> None:
    """The streams, declared by the operator."""
    operator = Broker(settings(server, permissions.OPERATOR), "operator")
    async with asyncio.timeout(WAIT_SECONDS):
        await operator.connect()
    await streams.declare(operator.client, log_bytes=1 << 30)
    await operator.stop()


@pytest.fixture
async def brokers(server: Any, declared: None) -> AsyncIterator[dict[str, Broker]]:
    """A connected broker of each service."""
    async with AsyncExitStack() as stack:
        started = {}
        for name in NAMES:
            started[name] = Broker(settings(server, name), name)
            await service.connect(started[name])
            stack.push_async_callback(started[name].stop)
        yield started


class Taken:
    """Takes work, and leaves it lying."""

    free = 2
    heads: ClassVar[dict[str, int]] = {}

    def __init__(self) -> None:
        self.held: asyncio.Queue[Held] = asyncio.Queue()

    def take(self, held: Held) -> None:
        self.held.put_nowait(held)


def log_of(broker: Broker, server: Any, user: str) -> JetStreamLog:
    return JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings(server, user))


def violations(server: Any) -> list[str]:
    """What the server refused, as its log has it."""
    text = (server.folder / "nats.log").read_text()
    return [line for line in text.splitlines() if "Violation" in line]


async def test_every_service_does_its_work_as_its_own_user(server: Any, brokers: dict[str, Broker]) -> None:
    conversation = f"test {uuid4()}"
    runner, history, edge = brokers["agent-runner"], brokers["history-store"], brokers["edge-rest"]
    taken = Taken()
    routes = NatsRouter()

    @routes.subscriber(subjects.query(queries.RUN_ONCE), queue="agent-runner")
    async def once(question: queries.RunOnce) -> queries.RunOnceResult:
        return queries.RunOnceResult(steps=())

    runner.include_router(routes)
    answers = NatsRouter()

    @answers.subscriber(subjects.query(queries.HISTORY), queue="history-store")
    async def entries(question: queries.HistoryQuery) -> queries.History:
        return queries.History(entries=(), sequence=1)

    history.include_router(answers)
    for name, broker in brokers.items():
        await broker.start()
        await service.answer_pings(broker, name)
    runner_log = log_of(runner, server, "agent-runner")
    queue = WorkQueue(runner, runner_log, "agent-runner")

    async with asyncio.timeout(WAIT_SECONDS):
        await queue.start(taken)
        for name in ("edge-ws", "edge-rest"):
            log = log_of(brokers[name], server, name)
            opening = ConversationStarted(responder_name="agent-runner", protocol="agent")
            message = MessageReceived(addressee="agent-runner", text=LARGE, protocol="agent")
            key = f"{conversation} {name}"
            receipt = await Inbox(log, Author(source=name)).receive(key, message, opening)

            delivery = await taken.held.get()
            await delivery.keep()
            found = await delivery.work()
            assert found.id == receipt.run_id
            assert found.event == message
            run = RunStarted(run_id=receipt.run_id, message_sequence=receipt.sequence)
            async with log.follow(key, after=receipt.sequence) as events:
                (started,) = await runner_log.append(
                    [Author(source="agent-runner").envelope(key, run)], expected=receipt.sequence
                )
                assert await anext(events) == started
            await delivery.done()

            delta = Delta(run_id=receipt.run_id, attempt=1, index=0, kind="token", data="a")
            await JetStreamLive(runner, settings(server, "agent-runner")).publish(key, delta)
            await runner.client.flush()
            live = JetStreamLive(brokers[name], settings(server, name))
            async with live.listen(key, replay=True) as deltas:
                assert await anext(deltas) == delta

        projected = log_of(history, server, "history-store")
        async with projected.follow_all(after=0) as batches:
            assert any(event.event == message for event in await anext(batches))

        question = queries.HistoryQuery(conversation=conversation)
        await ask(edge, queries.HISTORY, question, queries.History, timeout_seconds=WAIT_SECONDS)
        task = queries.RunOnce(task="get all contacts")
        await ask(edge, queries.RUN_ONCE, task, queries.RunOnceResult, timeout_seconds=WAIT_SECONDS)
        assert await service.absent(edge, NAMES) == []

        for name in ("agent-runner", "history-store"):
            letter = DeadLetter(
                service=name, conversation=conversation, sequence=1, event_id=str(uuid4()), reason="a test"
            )
            await put(brokers[name], letter, timeout_seconds=WAIT_SECONDS)
        for name, broker in brokers.items():
            assert await health.problem(broker, name) is None
            assert await health.shortcoming(broker) is None
        await queue.stop()
    assert violations(server) == []


async def test_a_voice_session_goes_by_its_users(server: Any, brokers: dict[str, Broker]) -> None:
    key, link_name = f"test {uuid4()}", uuid4().hex
    bridge, edge = brokers["voice-bridge"], brokers["edge-ws"]

    def inbox_of(name: str) -> Inbox:
        return Inbox(log_of(brokers[name], server, name), Author(source=name))

    opens, commands = NatsRouter(), NatsRouter()

    @opens.subscriber(subjects.query(queries.VOICE_OPEN), queue="voice-bridge")
    async def open_voice(request: queries.OpenVoice) -> queries.VoiceOpened:
        return queries.VoiceOpened(replica=request.link)

    @commands.subscriber(subjects.query(queries.SPOKEN_COMMANDS), queue="agent-runner")
    async def spoken(_: queries.SpokenCommandsQuery) -> queries.SpokenCommands:
        return queries.SpokenCommands(phrases=("get all contacts",))

    bridge.include_router(opens)
    brokers["agent-runner"].include_router(commands)
    for broker in brokers.values():
        await broker.start()

    async with asyncio.timeout(WAIT_SECONDS):
        opening = ConversationStarted(responder_name="agent-runner", protocol="voice")
        await inbox_of("edge-rest").open(key, opening, VoiceSessionCreated(voice="alloy", show_text=True))
        await inbox_of("edge-ws").note(
            key, VoiceSessionClaimed(owner="kim"), VoiceSettingsChanged(show_text=False)
        )
        question = queries.OpenVoice(conversation=key, link=link_name)
        await ask(edge, queries.VOICE_OPEN, question, queries.VoiceOpened, timeout_seconds=WAIT_SECONDS)
        await ask(
            bridge,
            queries.SPOKEN_COMMANDS,
            queries.SpokenCommandsQuery(),
            queries.SpokenCommands,
            timeout_seconds=WAIT_SECONDS,
        )
        async with (
            link.client_end(edge, link_name) as client,
            link.service_end(bridge, link_name) as held,
            link.hold(bridge, key, link_name) as holding,
        ):
            await subscribed(edge.client)
            await subscribed(bridge.client)
            await client.send(b"said")
            assert await held.receive(WAIT_SECONDS) == [b"said"]
            await held.send(b"heard")
            assert await client.receive(WAIT_SECONDS) == [b"heard"]
            async with link.hold(bridge, key, uuid4().hex):
                await holding.lost()

        writer = inbox_of("voice-bridge")
        await writer.note(key, VoiceSessionOpened(replica="a"))
        message = MessageReceived(addressee="agent-runner", text=LARGE, protocol="voice")
        receipt = await writer.receive(key, message, opening)
        assert await writer.cancel(key) == (receipt.run_id,)
        bridge_live = JetStreamLive(bridge, settings(server, "voice-bridge"))
        delta = Delta(run_id=receipt.run_id, attempt=1, index=0, kind="token", data="a")
        runner_live = JetStreamLive(brokers["agent-runner"], settings(server, "agent-runner"))
        async with bridge_live.listen(key, replay=True) as deltas:
            await runner_live.publish(key, delta)
            assert await anext(deltas) == delta
    assert violations(server) == []


async def test_a_model_that_speaks_calls_the_agents_tools_by_its_users(
    server: Any, brokers: dict[str, Broker]
) -> None:
    key, runner, bridge = f"test {uuid4()}", brokers["agent-runner"], brokers["voice-bridge"]
    opening = ConversationStarted(responder_name="agent-runner", protocol="voice")
    created = VoiceSessionCreated(voice="ash", show_text=True)
    opener = Inbox(log_of(brokers["edge-rest"], server, "edge-rest"), Author(source="edge-rest"))
    author = Author(source="agent-runner")
    agents_tools = built_in_tools(DataFolder(None), LogDocuments())
    offer = Offer(log_of(runner, server, "agent-runner"), author, agents_tools, timeout_seconds=WAIT_SECONDS)
    runner.include_router(offering.router(offer, 1))
    for broker in brokers.values():
        await broker.start()

    async with asyncio.timeout(WAIT_SECONDS):
        await opener.open(key, opening, created)
        tools = AgentTools(bridge, WAIT_SECONDS, WAIT_SECONDS)
        assert "write_report" in [tool.name for tool in await tools.offered()]
        arguments = {"title": "Sales", "results": []}
        assert "Sales" in await tools.call(key, "call-1", "write_report", arguments)
        facts = [recorded.event.type async for recorded in log_of(bridge, server, "voice-bridge").read(key)]
    assert facts[-3:] == [VoiceToolCalled.type, DocumentSaved.type, VoiceToolReturned.type]
    assert violations(server) == []


async def test_a_quotation_is_chosen_by_its_user(server: Any, brokers: dict[str, Broker]) -> None:
    key, engine = f"test {uuid4()}", brokers["quote-engine"]
    log = log_of(engine, server, "quote-engine")
    taken = Taken()
    answers = NatsRouter()

    @answers.subscriber(subjects.query(queries.QUOTATIONS), queue="history-store")
    async def quotations(_: queries.QuotationsQuery) -> queries.Quotations:
        return queries.Quotations()

    brokers["history-store"].include_router(answers)
    for broker in brokers.values():
        await broker.start()

    async with asyncio.timeout(WAIT_SECONDS):
        opening = ConversationStarted(responder_name="quote-engine", protocol="quote")
        message = MessageReceived(addressee="quote-engine", text="a", protocol="quote")
        inbox = Inbox(log_of(brokers["edge-rest"], server, "edge-rest"), Author(source="edge-rest"))
        receipt = await inbox.receive(key, message, opening)
        queue = WorkQueue(engine, log, "quote-engine")
        await queue.start(taken)
        delivery = await taken.held.get()
        question = queries.QuotationsQuery(user_id="kim")
        await ask(engine, queries.QUOTATIONS, question, queries.Quotations, timeout_seconds=WAIT_SECONDS)
        delta = Delta(run_id=receipt.run_id, attempt=1, index=0, kind="token", data="a")
        await JetStreamLive(engine, settings(server, "quote-engine")).publish(key, delta)
        facts = (
            RunStarted(run_id=receipt.run_id, message_sequence=receipt.sequence),
            CrisisAnswered(
                run_id=receipt.run_id, message_sequence=receipt.sequence, stage=0, language="en", sign="a"
            ),
        )
        author = Author(source="quote-engine")
        await log.append([author.envelope(key, fact) for fact in facts], expected=receipt.sequence)
        await delivery.done()
        letter = DeadLetter(
            service="quote-engine", conversation=key, sequence=1, event_id=str(uuid4()), reason="a test"
        )
        await put(engine, letter, timeout_seconds=WAIT_SECONDS)
        await queue.stop()
    assert violations(server) == []


NOBODY_PUBLISHES = [
    "$JS.API.STREAM.PURGE.LOG",
    "$JS.API.STREAM.PURGE.DEAD",
    "$JS.API.STREAM.PURGE.OBJ_PAYLOADS",
    "$JS.API.STREAM.DELETE.LOG",
    "$JS.API.STREAM.UPDATE.LOG",
    "$JS.API.STREAM.CREATE.OTHER",
    "$JS.API.STREAM.MSG.DELETE.LOG",
    "$JS.API.STREAM.SNAPSHOT.LOG",
    "$JS.API.STREAM.RESTORE.LOG",
    "$JS.API.STREAM.LEADER.STEPDOWN.LOG",
    "$JS.API.CONSUMER.CREATE.LOG",
    "$JS.API.CONSUMER.CREATE.LOG.other",
    "$JS.API.CONSUMER.CREATE.LOG.agent-runner.conv.*.*.*.*.agent-runner.*",
    "$JS.API.CONSUMER.CREATE.OBJ_PAYLOADS",
    "$JS.API.CONSUMER.CREATE.OBJ_PAYLOADS.other",
    "$JS.API.CONSUMER.DURABLE.CREATE.LOG.agent-runner",
    "$JS.API.CONSUMER.DELETE.LOG.agent-runner",
    "$SYS.REQ.SERVER.PING",
    "_INBOX.operator.forged",
    "conv.00.key.unknown.fact",
    "log.00.key.run.completed",
    "probe.other",
    "dead.other.00.key",
]
NOBODY_READS = ["conv.>", "_INBOX.>", "_INBOX.operator.>", "query.>", "dead.>", "$JS.>", "$SYS.>", ">"]

RUNNERS = ["conv.00.key.run.completed", "conv.00.key.checkpoint.saved", "live.00.key"]
RECEIVED = ["conv.00.key.message.received.agent-runner.1", "conv.00.key.conversation.deleted"]
WORK = ["$JS.API.CONSUMER.MSG.NEXT.LOG.agent-runner", "$JS.ACK.LOG.agent-runner.1.1.1.1.1"]
SPOKEN = ["conv.00.key.voice.user_spoke", "voice.link.out", "voicetaken.00.key"]
LINKS = ["voice.*.in", "voice.*.out", "voicetaken.>"]
QUERIES = ["query.runner.run_once", "query.history.entries"]
DEALT = ["$JS.API.STREAM.MSG.GET.DEAD", "$JS.API.STREAM.MSG.DELETE.DEAD"]
"""What dead letters are dealt with by, which edge-rest does for an operator."""
REFUSED = {
    "edge-ws": (
        [*RUNNERS, *WORK, *QUERIES, *SPOKEN, *DEALT],
        ["query.history.*", "query.ping.edge-rest", "query.voice.open", "voice.*.in", "voicetaken.>"],
    ),
    "edge-rest": (
        [*RUNNERS, *WORK, *SPOKEN, "query.voice.open"],
        ["query.runner.run_once", "query.history.entries", *LINKS],
    ),
    "agent-runner": (
        [RECEIVED[0], *SPOKEN, *DEALT, "query.history.entries", "probe.edge-ws"],
        ["live.>", "query.history.*", *LINKS],
    ),
    "quote-engine": (
        [
            *(*RECEIVED, *SPOKEN, *WORK, *QUERIES, *DEALT),
            *("conv.00.key.checkpoint.saved", "dead.agent-runner.00.key"),
        ],
        ["live.>", "query.history.*", "query.runner.run_once", *LINKS],
    ),
    "voice-bridge": (
        [
            *(*RUNNERS, *WORK, *QUERIES, *DEALT),
            *("conv.00.key.conversation.deleted", "query.voice.open", "voice.link.in"),
        ],
        ["query.history.*", "query.runner.run_once", "voice.*.out"],
    ),
    "history-store": (
        [*RUNNERS, *RECEIVED, *SPOKEN, *WORK, *DEALT, "$O.PAYLOADS.M.x", "dead.agent-runner.00.key"],
        ["live.>", "query.runner.run_once", *LINKS],
    ),
}


@pytest.mark.parametrize("user", NAMES)
async def test_a_service_is_refused_what_is_not_its_own(server: Any, declared: None, user: str) -> None:
    not_published, not_read = REFUSED[user]
    others = [f"_INBOX.{name}.>" for name in NAMES if name != user]
    refusals: asyncio.Queue[str] = asyncio.Queue()

    async def remember(error: Exception) -> None:
        refusals.put_nowait(str(error))

    connecting = nats.connect(
        server.url, user=user, password=user, inbox_prefix=subjects.inbox_prefix(user), error_cb=remember
    )
    async with await connecting as client, asyncio.timeout(WAIT_SECONDS):
        for subject in [*NOBODY_PUBLISHES, *not_published]:
            await client.publish(subject, b"{}")
            assert f'publish to "{subject}"'.lower() in (await refusals.get()).lower()
        for subject in [*NOBODY_READS, *not_read, *others]:
            await client.subscribe(subject)
            assert f'subscription to "{subject}"'.lower() in (await refusals.get()).lower()


APPENDS = {
    "edge-ws": {
        *("conversation", "message", "control"),
        *("voice.session_created", "voice.session_claimed", "voice.settings_changed"),
    },
    "edge-rest": {"conversation", "message", "control", "voice.session_created"},
    "agent-runner": {
        *("run", "checkpoint", "document", "store", "conversation.started", "conversation.deleted"),
        *("voice.tool_called", "voice.tool_returned", "control.request_taken"),
    },
    "quote-engine": {"run", "quote"},
    "voice-bridge": {"conversation.started", "message", "control", "voice"},
    "history-store": set(),
}
"""What each service has to say: areas of events, or single types."""


def may_append(user: str, event_type: str) -> bool:
    return not APPENDS[user].isdisjoint({event_type, event_type.partition(".")[0]})


@asynccontextmanager
async def stolen(server: Any, user: str) -> AsyncIterator[tuple[Client, asyncio.Queue[str]]]:
    """A client with the password of `user`, and what it is refused."""
    refusals: asyncio.Queue[str] = asyncio.Queue()

    async def remember(error: Exception) -> None:
        refusals.put_nowait(str(error).lower())

    inbox = subjects.inbox_prefix(user)
    client = await nats.connect(server.url, user=user, password=user, inbox_prefix=inbox, error_cb=remember)
    try:
        yield client, refusals
    finally:
        await client.close()


@pytest.mark.parametrize("user", NAMES)
async def test_a_stolen_password_forges_no_event_of_another_service(
    server: Any, brokers: dict[str, Broker], user: str
) -> None:
    """Neither on the event's own subject, nor on one that the thief may use."""
    types = [event.type for event in REGISTERED]
    foreign = [each for each in types if not may_append(user, each)]
    assert foreign
    reader = log_of(brokers["edge-rest"], server, "edge-rest")
    own = [each for each in types if may_append(user, each)]
    forged = Author(source="agent-runner").envelope("talk", RunStarted(run_id="r", message_sequence=1))
    _, headers, payload = encode(forged)
    tokens = {RequestTaken.type: ["x"]}  # its subject always ends with the request's id
    disguises = [subjects.event("talk", each, *tokens.get(each, [])) for each in own if each != "run.started"]
    async with stolen(server, user) as (thief, refusals):
        for event_type in foreign:
            event = subjects.event("talk", event_type, "agent-runner", "x")
            for subject in (event, subjects.republished(subjects.event("talk", event_type))):
                await thief.publish(subject, b"{}")
                async with asyncio.timeout(WAIT_SECONDS):
                    assert f'publish to "{subject}"' in await refusals.get()
        for number, subject in enumerate(disguises):
            await thief.request(subject, payload, headers=headers | {"Nats-Msg-Id": f"{number}"})
    taken = [each.event async for each in reader.read("talk")]
    assert len(taken) == len(disguises)
    assert all(isinstance(each, Unrecognized) for each in taken)


@pytest.mark.parametrize("user", NAMES)
async def test_a_stolen_password_makes_no_consumer_that_delivers_where_it_likes(
    server: Any, declared: None, user: str
) -> None:
    async with stolen(server, user) as (thief, refusals):
        for stream in permissions.STREAMS:
            config = {
                "deliver_subject": "log.ca.talk.run.completed",
                "durable_name": "x",
                "ack_policy": "none",
            }
            wanted = json.dumps({"stream_name": stream, "config": config}).encode()
            for call in (f"CREATE.{stream}", f"CREATE.{stream}.x", f"DURABLE.CREATE.{stream}.x"):
                await thief.publish(f"$JS.API.CONSUMER.{call}", wanted)
                async with asyncio.timeout(WAIT_SECONDS):
                    assert f"$js.api.consumer.{call}".lower() in await refusals.get()
    operator = permissions.OPERATOR
    client: Client = await nats.connect(server.url, user=operator, password=operator)
    made = {
        consumer.name
        for stream in permissions.STREAMS
        for consumer in await client.jsm().consumers_info(stream)
    }
    assert made == set(configurations.RESPONDERS)
    await client.close()


@pytest.mark.parametrize("user", permissions.USERS, ids=NAMES)
async def test_an_answer_goes_nowhere_that_who_asked_may_not_publish(
    server: Any, brokers: dict[str, Broker], user: permissions.User
) -> None:
    """nats-server looks at no permission for the reply that a request names: accounts have to hold."""
    operator = Broker(settings(server, permissions.OPERATOR), "operator")
    await service.connect(operator)
    author, log = Author(source="edge-rest"), log_of(operator, server, permissions.OPERATOR)
    opening = ConversationStarted(responder_name="agent-runner", protocol="agent")
    message = MessageReceived(addressee="agent-runner", text="a", protocol="agent")
    real = [author.envelope("talk", opening), author.envelope("talk", message)]
    await log.append(real, expected=0)
    forged = Author(source="agent-runner").envelope("talk", RunStarted(run_id="forged", message_sequence=1))
    subject, headers, payload = encode(forged)
    claim = {"Nats-Stream": "LOG", "Nats-Subject": subject, "Nats-Sequence": "3"}
    bait = f"$O.{subjects.PAYLOAD_BUCKET}.C.bait"
    await operator.client.request(bait, payload, headers=headers | claim)

    types = [event.type for event in REGISTERED]
    forbidden = {
        *(each for each in NOBODY_PUBLISHES if "*" not in each),
        *REFUSED[user.name][0],
        *(subjects.event("talk", each) for each in types if not may_append(user.name, each)),
        *(subjects.republished(subjects.event("talk", each)) for each in types),
        *(f"_INBOX.{name}.forged" for name in NAMES if name != user.name),
    }
    heard: set[str] = set()

    async def hear(told: Msg) -> None:
        heard.add(told.subject)

    async def answer(asked: Msg) -> None:
        await asked.respond(payload)

    await operator.client.subscribe(">", cb=hear)
    for other in (each for each in permissions.USERS if each is not user):
        client = brokers[other.name].client
        for each in [f"_INBOX.{other.name}.forged", *other.hears()]:
            await client.subscribe(each, cb=hear)
        for each in other.answered():
            await client.subscribe(each, cb=answer)
        await stream_states(client)  # by which the server has its subscriptions
    before = await stream_states(operator.client)

    thief = brokers[user.name].client
    bodies = [
        b"",
        b'{"seq": 1}',
        json.dumps({"last_by_subj": bait}).encode(),
        b'{"batch": 1, "no_wait": true}',
        b"+NXT",
    ]
    for target in forbidden:
        for call in (each.replace("*", "x").replace(">", "1.1.1.1.1") for each in user.calls()):
            for body in bodies if call.startswith("$JS.") else bodies[:1]:
                await thief.publish(call, body, reply=target)
        await thief.publish(f"probe.{user.name}", b"", headers={"Nats-Trace-Dest": target})
    for stream in ("LOG", "OBJ_PAYLOADS"):  # the server answers in turn
        await thief.request(f"$JS.API.DIRECT.GET.{stream}", b'{"seq": 1}', timeout=WAIT_SECONDS)
    await stream_states(thief)

    assert await stream_states(operator.client) == before
    assert not heard & forbidden
    recorded = [each.event async for each in log.read("talk")]
    assert recorded == [opening, message]
    await operator.stop()


async def test_a_stolen_password_neither_removes_nor_replaces_a_large_payload(
    server: Any, brokers: dict[str, Broker]
) -> None:
    edge, thief = log_of(brokers["edge-rest"], server, "edge-rest"), brokers["edge-ws"].client
    opening = ConversationStarted(responder_name="agent-runner", protocol="agent")
    message = MessageReceived(addressee="agent-runner", text=LARGE, protocol="agent")
    author = Author(source="edge-rest")
    await edge.append([author.envelope("talk", opening), author.envelope("talk", message)], expected=0)
    bucket = f"$O.{subjects.PAYLOAD_BUCKET}"
    stored = StreamReader(thief, subjects.PAYLOAD_STREAM, WAIT_SECONDS)
    described = await stored.last(f"{bucket}.M.*")
    assert described
    chunks = f"{bucket}.C.{json.loads(described.payload)['nuid']}"
    for subject in (described.subject, chunks, f"{bucket}.M.other"):
        for rollup in ("sub", "all"):
            refused = await thief.request(subject, b"{}", headers={"Nats-Rollup": rollup})
            assert "rollup not permitted" in refused.data.decode()
        for forged in (b'{"deleted": true}', b'{"nuid": "x", "size": 1, "chunks": 1}'):
            assert "error" not in json.loads((await thief.request(subject, forged)).data)
    assert [each.event async for each in edge.read("talk")] == [opening, message]


async def stream_states(client: Client) -> dict[str, tuple[str, int]]:
    """Of each stream when it was made, and where what a purge would move begins."""
    found = {}
    for stream in permissions.STREAMS:
        told = await client.request(f"$JS.API.STREAM.INFO.{stream}", b"", timeout=WAIT_SECONDS)
        answer = json.loads(told.data)
        kept = stream in (subjects.LOG_STREAM, subjects.PAYLOAD_STREAM)
        found[stream] = (answer["created"], answer["state"]["first_seq"] if kept else 0)
    return found


async def test_passwords_change_by_a_reload_and_work_goes_on(
    server: Any, brokers: dict[str, Broker], tmp_path: Path
) -> None:
    secrets = tmp_path / "secrets/passwords.conf"
    secrets.write_text(secrets.read_text().replace('"edge-ws"', '"another"'))
    server.process.send_signal(signal.SIGHUP)
    async with asyncio.timeout(WAIT_SECONDS):
        while "Reloaded server configuration" not in (server.folder / "nats.log").read_text():
            await asyncio.sleep(0.01)
    renewed = Broker(
        settings(server, "edge-ws").model_copy(update={"password": SecretStr("another")}), "edge-ws"
    )
    await service.connect(renewed)
    assert await health.problem(renewed, "edge-ws") is None
    assert await health.problem(brokers["edge-rest"], "edge-rest") is None
    await renewed.stop()


async def test_only_the_operator_purges(server: Any, declared: None) -> None:
    operator = permissions.OPERATOR
    client: Client = await nats.connect(server.url, user=operator, password=operator)
    manager = client.jsm()
    assert await manager.purge_stream(subjects.LOG_STREAM, subject="conv.*.*.>")
    assert await manager.add_consumer(subjects.LOG_STREAM, ConsumerConfig(durable_name="inspection"))
    assert await manager.delete_consumer(subjects.LOG_STREAM, "inspection")
    await client.close()


def test_the_shipped_accounts_are_those_of_the_table() -> None:
    assert (ROOT / "deploy/nats/users.conf").read_text() == accounts.users_file()


def test_the_table_knows_every_stream() -> None:
    declared = configurations.configurations(replicas=1, log_bytes=0, live_bytes=0)
    assert set(permissions.STREAMS) == {stream["name"] for stream in declared}
