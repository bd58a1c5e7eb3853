"""Work for a responder: delivered by a durable consumer to one process, held while it is worked on."""

from collections.abc import Callable
from typing import Any, Final

from faststream import AckPolicy
from faststream.nats import JStream, NatsRouter, PullSub
from faststream.nats.annotations import NatsMessage
from nats.aio.msg import Msg
from nats.js.api import ConsumerConfig

from contracts import subjects
from contracts.envelope import Recorded
from eventlog.codec import unreadable
from eventlog.jetstream import JetStreamLog
from eventlog.outage import OUTAGE
from eventlog.ports import LogError, Unavailable
from eventlog.stored import from_delivery

HELD_AT_MOST: Final = 1024
FETCHED_AT_ONCE: Final = 32
FETCH_SECONDS: Final = 2.0


def subscribe(
    routes: NatsRouter,
    responder: str,
    log: JetStreamLog,
    take: Callable[["Held"], None],
    *,
    takeover_after: float,
) -> None:
    """Let a router receive a responder's work and hand it to `take`.

    A message that nobody has kept for `takeover_after` seconds is delivered again; how often is for the
    responder to bound, which sees in the log what became of earlier attempts.
    """

    log.measure_queue(responder)

    @routes.subscriber(
        subjects.work_for(responder),
        stream=JStream(subjects.LOG_STREAM, declare=False),
        durable=responder,
        pull_sub=PullSub(batch_size=FETCHED_AT_ONCE, timeout=FETCH_SECONDS),
        config=ConsumerConfig(ack_wait=takeover_after, max_deliver=-1, max_ack_pending=HELD_AT_MOST),
        inbox_prefix=f"{log.inbox_prefix}.".encode(),
        ack_policy=AckPolicy.MANUAL,
        title="Work",
        description="Messages and answers to be answered",
    )
    async def work(message: NatsMessage) -> None:
        take(await Held.of(message.raw_message, log))


class Held:
    """One delivered message, and what can be told the server about it.

    Attributes:
        delivery: which delivery of the message this is, from 1 on.
    """

    def __init__(self, message: Msg, work: Recorded) -> None:
        self.work = work
        self.delivery = message.metadata.num_delivered
        self._message = message

    @classmethod
    async def of(cls, message: Msg, log: JetStreamLog) -> "Held":
        """The work in a delivery; what is damaged for good is work that nobody recognizes.

        Raises:
            Unavailable: if the log does not answer.
        """
        stored = from_delivery(message)
        try:
            work = await log.decode(stored)
        except Unavailable:
            raise
        except LogError as error:
            work = unreadable(stored.subject, stored.sequence, error)
        return cls(message, work)

    async def keep(self) -> None:
        """It is being worked on.

        Raises:
            Unavailable: if the server cannot be told.
        """
        await self._tell(self._message.in_progress())

    async def done(self) -> None:
        """It has been dealt with for good. Raises as `keep`."""
        await self._tell(self._message.ack())

    async def give_back(self) -> None:
        """Somebody else shall have it, at once. Raises as `keep`."""
        await self._tell(self._message.nak())

    async def _tell(self, telling: Any) -> None:
        try:
            await telling
        except OUTAGE as error:
            raise Unavailable(f"message {self.work.sequence}: {error or type(error).__name__}") from error
