"""Live deltas: published without waiting, numbered, and mended from the LIVE stream when some are missed."""

import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Final, Protocol

from nats.aio.msg import Msg

from contracts import subjects
from contracts.live import Delta
from eventlog.broker import Broker
from eventlog.mailbox import Mailbox, mailbox
from eventlog.outage import OUTAGE
from eventlog.patience import Patience
from eventlog.ports import Unavailable
from eventlog.settings import NatsSettings
from eventlog.stored import StreamReader

logger = logging.getLogger(__name__)

_SENT_AT: Final = "parley-sent-at"
_TIMED: Final = 16
"""Every 16th delta says when it was sent."""


class Live(Protocol):
    """Deltas of conversations, kept for minutes."""

    async def publish(self, conversation: str, delta: Delta) -> None:
        """Send one delta; does not wait for anybody to have it, and one that is lost is no error."""
        ...

    @asynccontextmanager
    def listen(self, conversation: str, *, replay: bool = False) -> AsyncIterator[AsyncIterator[Delta]]:
        """The deltas of a conversation as they come, each attempt's in order of `index` and none twice.

        Args:
            replay: begin with those that are still kept.
        """
        ...

    async def kept(self, conversation: str) -> list[Delta]:
        """The deltas of a conversation that are still kept, in the order in which they were sent."""
        ...


class JetStreamLive:
    """`Live` over core NATS, with the LIVE stream behind it."""

    def __init__(self, broker: Broker, settings: NatsSettings) -> None:
        self._broker = broker
        self._idle = settings.idle_check
        self._patience = settings.append_deadline
        self._reader = StreamReader(broker.client, subjects.LIVE_STREAM, settings.request_timeout)

    async def publish(self, conversation: str, delta: Delta) -> None:
        """See `Live.publish`."""
        headers = {_SENT_AT: repr(time.time())} if delta.index % _TIMED == 0 else None
        try:
            await self._broker.client.publish(
                subjects.live(conversation), delta.model_dump_json().encode(), headers=headers
            )
        except OUTAGE as error:  # the run goes on: what it comes to is in the log
            logger.warning("run %s: delta %d is not sent: %s", delta.run_id, delta.index, error)
            return
        self._broker.metrics.sent(delta)

    @asynccontextmanager
    async def listen(self, conversation: str, *, replay: bool = False) -> AsyncIterator[AsyncIterator[Delta]]:
        """See `Live.listen`."""
        subject = subjects.live(conversation)
        async with mailbox(self._broker, subject) as box:
            after = 0
            if not replay:
                newest = await self._reader.last(subject)
                after = newest.sequence if newest else 0
            yield self._listen(box, subject, after)

    async def kept(self, conversation: str) -> list[Delta]:
        """See `Live.kept`."""
        stored = self._reader.range(subjects.live(conversation), after=0)
        return [Delta.model_validate_json(item.payload) async for item in stored]

    async def _listen(self, box: Mailbox, subject: str, after: int) -> AsyncIterator[Delta]:
        """`after` is the LIVE sequence up to which everything has been seen or is not wanted."""
        next_index: dict[tuple[str, int], int] = {}
        patience = Patience(self._patience)
        look = True
        while True:
            messages = None if look else await box.take(self._idle)
            deltas = [Delta.model_validate_json(message.data) for message in messages or ()]
            self._measure(messages or ())
            if look or messages is None or _has_gap(deltas, next_index):
                try:
                    stored = [item async for item in self._reader.range(subject, after=after)]
                except Unavailable as error:
                    await patience.wait(error)
                    look = True
                    continue
                patience.restore()
                after = stored[-1].sequence if stored else after
                deltas = [Delta.model_validate_json(item.payload) for item in stored] + deltas
            look = False
            for delta in deltas:
                attempt = (delta.run_id, delta.attempt)
                if delta.index >= next_index.get(attempt, 0):
                    next_index[attempt] = delta.index + 1
                    yield delta

    def _measure(self, messages: Iterable[Msg]) -> None:
        for message in messages:
            if message.headers and (sent := message.headers.get(_SENT_AT)):
                self._broker.metrics.delta_lag_seconds.observe(max(time.time() - float(sent), 0))


def _has_gap(deltas: list[Delta], next_index: dict[tuple[str, int], int]) -> bool:
    expected = dict(next_index)
    for delta in deltas:
        attempt = (delta.run_id, delta.attempt)
        if delta.index > expected.get(attempt, 0):
            return True
        expected[attempt] = max(delta.index + 1, expected.get(attempt, 0))
    return False
