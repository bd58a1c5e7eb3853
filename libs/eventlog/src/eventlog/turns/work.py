"""Work for a responder: pulled from its durable consumers as places come free, held while it is worked on.

One subscription lives as long as the process, and requests are open on it all the time, so that a message
goes out the moment it is stored: nothing waits for a poll, and nothing is delivered to who has gone. Where
the log has several streams, places are shared out among their consumers (`sharing`).

Source: NATS ADR-37 (pull consumption by the client).
"""

import asyncio
import json
import logging
from typing import Any, Final, Protocol

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from chassis.backoff import delays
from contracts.envelope import Recorded
from eventlog import sharding
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.outage import OUTAGE
from eventlog.ports import Unavailable
from eventlog.stored import from_delivery
from eventlog.streams import check_consumer
from eventlog.turns import backlog
from eventlog.turns.sharing import shares

logger = logging.getLogger(__name__)

EXPIRES_SECONDS: Final = 30.0
HEARTBEAT_SECONDS: Final = 5.0
TURN_SECONDS: Final = 1.0
"""How long a place waits for the work of one of several streams, before it is another one's turn."""
SILENCE_SECONDS: Final = 12.0
"""Who has asked and hears nothing for so long, not even that there is nothing, asks anew."""
DRAIN_SECONDS: Final = 2.0
_DELIVERED: Final = "$JS.ACK."
_PENDING: Final = "Nats-Pending-Messages"
_IDLE: Final = "100"


class Held:
    """One delivered message, and what can be told the server about it.

    Attributes:
        sequence: of the message in the log.
        delivery: which delivery of the message this is, from 1 on.
        is_first: what is being answered by reason of this delivery is the message itself, and not
            another one that waited behind it.
    """

    def __init__(self, message: Msg, log: JetStreamLog) -> None:
        self.sequence: int = message.metadata.sequence.stream
        self.delivery: int = message.metadata.num_delivered
        self.is_first = True
        self._message = message
        self._log = log

    async def work(self) -> Recorded:
        """The message.

        Raises:
            Unavailable: if the log does not answer.
        """
        return await self._log.decode(from_delivery(self._message))

    async def keep(self) -> None:
        """It is being worked on.

        Raises:
            Unavailable: if the server cannot be told.
        """
        await self._tell(self._message.in_progress())

    async def done(self) -> None:
        """It is not needed any more. Raises as `keep`."""
        await self._tell(self._message.ack())

    async def give_back(self) -> None:
        """Somebody else shall have it, at once. Raises as `keep`."""
        await self._tell(self._message.nak())

    async def _tell(self, telling: Any) -> None:
        try:
            await telling
        except OUTAGE as error:
            raise Unavailable(f"message {self.sequence}: {error or type(error).__name__}") from error


class Taker(Protocol):
    """Whoever does the work.

    Attributes:
        free: how much more of it there are places for.
        heads: the conversations that are being answered here, and which message of each, by its sequence.
    """

    @property
    def free(self) -> int: ...

    @property
    def heads(self) -> dict[str, int]: ...

    def take(self, held: Held) -> None:
        """Begin to work on something."""
        ...


class WorkQueue:
    """The work of one responder, as this process takes it."""

    def __init__(self, broker: Broker, log: JetStreamLog, responder: str) -> None:
        self._broker = broker
        self._log = log
        self._responder = responder
        self._inbox = broker.client.new_inbox()
        self._asked = [0] * log.streams
        self._turn = 0
        self._refused = False
        self._ended = False
        self._wake = asyncio.Event()
        self._taker: Taker | None = None
        self._subscription: Subscription | None = None
        self._asking: asyncio.Task[None] | None = None

    async def start(self, taker: Taker) -> None:
        """Hand work over from now on, as much as there are places for.

        Raises:
            WrongStream: if the responder has no consumer.
            Unavailable: if NATS cannot be told.
        """
        for stream in range(self._log.streams):
            await check_consumer(self._broker.client, self._responder, stream)
        self._taker = taker
        backlog.measure(self._broker, self._log, self._responder, lambda: taker.heads)
        try:
            self._subscription = await self._broker.client.subscribe(f"{self._inbox}.*", cb=self._receive)
        except OUTAGE as error:
            raise Unavailable(f"work: {error or type(error).__name__}") from error
        self._broker.interruptions.listen(self._forget)
        self._asking = asyncio.create_task(self._ask(taker), name="ask for work")

    def wake(self) -> None:
        """A place may have come free."""
        self._wake.set()

    async def stop(self) -> None:
        """Take nothing more; what is on its way is given back."""
        self._ended = True
        self._broker.interruptions.forget(self._forget)
        if self._asking:
            self._asking.cancel()
        if self._subscription is None:
            return
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._subscription.drain()  # type: ignore[no-untyped-call]  # of nats-py
        except OUTAGE as error:
            logger.warning("no more work comes in any case: %s", error or type(error).__name__)

    def _forget(self) -> None:
        """What was asked before is not known to the server any more."""
        self._asked = [0] * len(self._asked)
        self._wake.set()

    async def _ask(self, taker: Taker) -> None:
        """Keep requests open for as much work as there are places, until cancelled."""
        backoff = delays()
        while True:
            self._wake.clear()
            for stream, wanted in shares(taker.free, self._asked, self._turn).items():
                await self._request(stream, wanted)
                self._turn = stream + 1
            try:
                async with asyncio.timeout(SILENCE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                self._asked = [0] * len(self._asked)
            if self._refused:
                self._refused = False
                await asyncio.sleep(next(backoff))
            else:
                backoff = delays()

    async def _request(self, stream: int, count: int) -> None:
        body: dict[str, int] = {"batch": count}
        if len(self._asked) == 1:
            body["expires"] = int(EXPIRES_SECONDS * 1e9)
            body["idle_heartbeat"] = int(HEARTBEAT_SECONDS * 1e9)
        else:
            body["expires"] = int(TURN_SECONDS * 1e9)
        api = f"$JS.API.CONSUMER.MSG.NEXT.{sharding.name(stream)}.{self._responder}"
        inbox = f"{self._inbox}.{stream}"
        try:
            await self._broker.client.publish(api, json.dumps(body).encode(), reply=inbox)
        except OUTAGE as error:
            logger.warning("cannot ask for work: %s", error or type(error).__name__)
            self._refused = True
            self._wake.set()
        else:
            self._asked[stream] += count

    async def _receive(self, message: Msg) -> None:
        if message.reply.startswith(_DELIVERED):
            held = Held(message, self._log)
            self._answered(sharding.stream_at(held.sequence), 1)
            if self._ended or self._taker is None:
                await held.give_back()
            else:
                self._taker.take(held)
        else:
            self._told(int(message.subject.rpartition(".")[2]), message.headers or {})
        self._wake.set()

    def _told(self, stream: int, headers: dict[str, str]) -> None:
        """A request has ended, or nothing has come for it."""
        status = headers.get("Status")
        if status == _IDLE:
            return
        if (pending := headers.get(_PENDING)) is not None:
            self._answered(stream, int(pending))
            return
        logger.warning("no work can be had: %s %s", status, headers.get("Description", ""))
        self._asked[stream] = 0
        self._refused = True

    def _answered(self, stream: int, count: int) -> None:
        """So much less is asked of a stream."""
        self._asked[stream] = max(self._asked[stream] - count, 0)
