"""Payloads beside the log: a lost one costs its event alone, and none goes while it is named."""

from collections.abc import Sequence
from typing import Any

import pytest
from nats.aio.msg import Msg

from contracts import subjects
from contracts.envelope import PAYLOAD_REFERENCE
from contracts.events import REGISTERED, UPCASTERS, ConversationStarted, MessageReceived, Unrecognized
from contracts.queries import SESSION, SessionFound
from contracts.registry import Registry
from eventlog.admin import erasing
from eventlog.admin.erasing import erase
from eventlog.appending import Appender, Message
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.payloads import description_of
from eventlog.settings import NatsSettings

AUTHOR = Author(source="test")
STARTED = ConversationStarted(responder_name="nobody", protocol="agent")


def large(conversation: str) -> MessageReceived:
    return MessageReceived(addressee="nobody", text=conversation * (2 << 20), protocol="agent")


async def say(log: JetStreamLog, conversation: str, message: MessageReceived) -> None:
    await log.append([AUTHOR.envelope(conversation, event) for event in (STARTED, message)], expected=0)


async def said(log: JetStreamLog, conversation: str) -> list[Any]:
    return [recorded.event async for recorded in log.read(conversation)]


async def remove_all_payloads(broker: Broker) -> None:
    await broker.client.jetstream().purge_stream(subjects.PAYLOAD_STREAM)


async def test_an_event_whose_payload_is_lost_keeps_its_place(own_nats: Any) -> None:
    settings = NatsSettings(url=own_nats.url)
    broker = Broker(settings, "test")
    await broker.start()
    log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
    await say(log, "talk", large("a"))
    before = [recorded async for recorded in log.read("talk")]
    await remove_all_payloads(broker)
    started, lost = [recorded async for recorded in log.read("talk")]
    assert started == before[0]
    assert isinstance(lost.event, Unrecognized)
    assert lost.event.damaged
    assert "is missing" in lost.event.reason
    assert (lost.id, lost.previous, lost.conversation) == (before[1].id, before[1].previous, "talk")
    await broker.stop()


@pytest.fixture
async def projected(broker: Broker) -> Any:
    """Answers as history-store does about conversations that are deleted."""

    async def answer(question: Msg) -> None:
        await question.respond(SessionFound(session=None).model_dump_json().encode())

    subscription = await broker.client.subscribe(subjects.query(SESSION), cb=answer)
    yield
    await subscription.unsubscribe()


async def test_what_is_said_again_while_it_is_erased_stays(
    broker: Broker,
    log: JetStreamLog,
    nats_settings: NatsSettings,
    projected: None,
    conversation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    message, other = large("b"), f"{conversation} other"
    await say(log, conversation, message)
    find = erasing._references
    begun = False

    async def find_and_be_late(reader: Any, subject: str, **bounds: int) -> set[str]:
        nonlocal begun
        found = await find(reader, subject, **bounds)
        if subject == subjects.LOG_SUBJECTS and not begun:
            begun = True
            await say(log, other, message)
        return found

    monkeypatch.setattr(erasing, "_references", find_and_be_late)
    assert (await erase(broker, nats_settings, conversation)).payloads == 0
    assert await said(log, other) == [STARTED, message]


async def test_what_is_erased_while_it_is_said_again_is_kept_again(
    broker: Broker, log: JetStreamLog, conversation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    message, publish = large("c"), Appender.publish
    await say(log, conversation, message)

    async def publish_late(self: Appender, messages: Sequence[Message]) -> Any:
        name = messages[-1].headers[PAYLOAD_REFERENCE].rsplit("/", 1)[-1]
        manager = broker.client.jsm()
        await manager.purge_stream(subjects.PAYLOAD_STREAM, subject=description_of(name))
        return await publish(self, messages)

    monkeypatch.setattr(Appender, "publish", publish_late)
    await say(log, f"{conversation} other", message)
    assert await said(log, f"{conversation} other") == [STARTED, message]
