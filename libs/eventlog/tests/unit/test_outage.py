"""Whatever nats-py or uvloop says of a broken connection, the log's users are told `Unavailable`."""

from typing import Any, NoReturn, cast

import pytest
from nats.aio.client import Client
from nats.errors import ConnectionReconnectingError, OutboundBufferLimitError

from contracts.live import Delta
from eventlog.broker import Broker, Interruptions
from eventlog.live import JetStreamLive
from eventlog.mailbox import mailbox
from eventlog.outage import tell_outages
from eventlog.ports import Unavailable
from eventlog.settings import NatsSettings
from eventlog.stored import StreamReader

CLOSED = RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")
REASONS = (
    CLOSED,
    OSError("broken pipe"),
    ConnectionReconnectingError(),
    OutboundBufferLimitError(),
)


class Broken:
    """A client, and its broker, whose connection is gone."""

    max_payload = 1024 * 1024

    def __init__(self, reason: Exception) -> None:
        self.client = self
        self.interruptions = Interruptions()
        self._reason = reason
        tell_outages(cast("Client", self))

    def new_inbox(self) -> str:
        return "_INBOX.test"

    async def fail(self, *_: Any, **__: Any) -> NoReturn:
        raise self._reason

    publish = subscribe = request = flush = drain = close = fail


@pytest.fixture(params=REASONS, ids=lambda reason: type(reason).__name__)
def broken(request: pytest.FixtureRequest) -> Any:
    return Broken(request.param)


async def test_reading_says_that_the_log_is_not_available(broken: Any) -> None:
    reader = StreamReader(broken, "LOG", 1)
    with pytest.raises(Unavailable):
        await reader.last("conv.>")
    with pytest.raises(Unavailable):
        await anext(reader.range("conv.>", after=0))


async def test_following_says_that_the_log_is_not_available(broken: Any) -> None:
    with pytest.raises(Unavailable):
        async with mailbox(broken, "recorded.>"):
            pass


async def test_a_delta_that_cannot_be_sent_does_not_end_the_run(
    broken: Any, caplog: pytest.LogCaptureFixture
) -> None:
    live = JetStreamLive(cast("Broker", broken), NatsSettings())
    await live.publish("talk", Delta(run_id="r1", attempt=1, index=0, kind="token", data="a"))
    assert "delta 0 is not sent" in caplog.text


async def test_a_service_ends_while_the_connection_is_gone(
    broken: Any, caplog: pytest.LogCaptureFixture
) -> None:
    broker = Broker(NatsSettings(), "test")
    broker._connection = broken
    await broker.stop()
    assert "NATS is left while it is away" in caplog.text


@pytest.mark.parametrize("fault", [RuntimeError("a fault of ours"), RecursionError("too deep")])
async def test_not_every_runtime_error_is_an_outage(fault: Exception) -> None:
    """Whatever is no outage may not be tried again without end."""
    with pytest.raises(type(fault)):
        await StreamReader(cast("Client", Broken(fault)), "LOG", 1).last("conv.>")
