"""Live deltas: published without waiting, numbered, and mended from the LIVE stream when some are missed."""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

from nats.aio.msg import Msg

from contracts import subjects
from contracts.live import FRAME, Delta
from eventlog.broker import Broker
from eventlog.mailbox import Mailbox, mailbox
from eventlog.outage import OUTAGE
from eventlog.patience import Patience
from eventlog.payloads import HEADER_ROOM
from eventlog.ports import Unavailable
from eventlog.settings import NatsSettings
from eventlog.stored import NoStream, Stored, StreamReader
from eventlog.streams import NO_LIVE
from eventlog.text import json_of, shortened

logger = logging.getLogger(__name__)

_CUTS: Final = (64 * 1024, 4096, 256, 16, 0)
REMEMBERED_ATTEMPTS: Final = 64
"""Of so many attempts at runs in one conversation a listener knows which delta comes next."""
_SENT_AT: Final = "parley-sent-at"
TURNS: Final = 4
"""Of the event loop, after which deltas leave together."""
AT_MOST: Final = 256
"""Deltas that wait, so that a run which never yields to the loop is no burden."""
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
        self._waiting: deque[tuple[str, Delta]] = deque()
        self._resting: asyncio.Task[None] | None = None

    async def publish(self, conversation: str, delta: Delta) -> None:
        """See `Live.publish`.

        It leaves at once. What any run of this process says in the next few turns of the event loop leaves
        together behind them: a system call a delta would cost more than the delta. A loop that has nothing
        else to do turns in no time.
        """
        self._waiting.append((conversation, delta))
        if self._resting is None:
            self._resting = asyncio.create_task(self._rest(), name="deltas that leave together")
            await self._send()
        elif len(self._waiting) >= AT_MOST:
            await self._send()

    async def _rest(self) -> None:
        try:
            while True:
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                if not self._waiting:
                    return
                await self._send()
        finally:
            self._resting = None

    async def _send(self) -> None:
        while self._waiting:
            conversation, delta = self._waiting.popleft()
            headers = {_SENT_AT: repr(time.time())} if delta.index % _TIMED == 0 else None
            try:
                payload = fitting(delta, self._broker.client.max_payload - HEADER_ROOM)
                await self._broker.client.publish(subjects.live(conversation), payload, headers=headers)
            except OUTAGE as error:  # the run goes on: what it comes to is in the log
                logger.warning("run %s: delta %d is not sent: %s", delta.run_id, delta.index, error)
            else:
                self._broker.metrics.sent(delta)

    @asynccontextmanager
    async def listen(self, conversation: str, *, replay: bool = False) -> AsyncIterator[AsyncIterator[Delta]]:
        """See `Live.listen`."""
        subject = subjects.live(conversation)
        async with mailbox(self._broker, subject) as box:
            after = 0 if replay else await self._newest(subject)
            yield self._listen(box, subject, after)

    async def kept(self, conversation: str) -> list[Delta]:
        """See `Live.kept`."""
        stored, _ = await self._stored(subjects.live(conversation), 0)
        return [Delta.model_validate_json(item.payload) for item in stored]

    async def _newest(self, subject: str) -> int:
        """The LIVE sequence of a subject's newest delta, 0 if there is none."""
        try:
            newest = await self._reader.last(subject)
        except NoStream:
            logger.warning("%s", NO_LIVE)
            return 0
        return newest.sequence if newest else 0

    async def _stored(self, subject: str, after: int) -> tuple[list[Stored], int]:
        """What is kept behind a sequence, and up to which one.

        A stream that was made anew counts from 1 again, so all of it comes behind any sequence of the old.

        Raises:
            Unavailable: if the stream is there and does not answer.
        """
        newest = await self._newest(subject)
        if newest < after:
            after = 0
        if newest == after:
            return [], after
        stored = [item async for item in self._reader.range(subject, after=after)]
        return stored, stored[-1].sequence if stored else after

    async def _listen(self, box: Mailbox, subject: str, after: int) -> AsyncIterator[Delta]:
        """`after` is the LIVE sequence up to which everything has been seen or is not wanted."""
        next_index: OrderedDict[tuple[str, int], int] = OrderedDict()
        patience = Patience(self._patience)
        look = True
        while True:
            messages = None if look else await box.take(self._idle)
            deltas = [Delta.model_validate_json(message.data) for message in messages or ()]
            self._measure(messages or ())
            if look or messages is None or _has_gap(deltas, next_index):
                try:
                    stored, after = await self._stored(subject, after)
                except Unavailable as error:
                    try:
                        await patience.wait(error)
                    except Unavailable:
                        logger.warning("deltas that were missed are not kept: %s", error)
                        stored = []
                    else:
                        look = True
                        continue
                else:
                    patience.restore()
                deltas = [Delta.model_validate_json(item.payload) for item in stored] + deltas
            look = False
            for delta in deltas:
                attempt = (delta.run_id, delta.attempt)
                if delta.index >= next_index.get(attempt, 0):
                    next_index[attempt] = delta.index + 1
                    next_index.move_to_end(attempt)
                    yield delta
            while len(next_index) > REMEMBERED_ATTEMPTS:
                next_index.popitem(last=False)

    def _measure(self, messages: Iterable[Msg]) -> None:
        for message in messages:
            if message.headers and (sent := message.headers.get(_SENT_AT)):
                self._broker.metrics.delta_lag_seconds.observe(max(time.time() - float(sent), 0))


def fitting(delta: Delta, room: int) -> bytes:
    """The delta as it is sent. One that is too large for a message is cut, so that what begins with it ends:
    the whole is in the log. A frame is a text that cannot be cut, and whoever misses one reads the log.
    """
    payload = json_of(delta)
    for longest in _CUTS if delta.kind != FRAME else ():
        if len(payload) <= room:
            break
        payload = json_of(delta.model_copy(update={"data": shortened(delta.data, longest)}))
    return payload


def _has_gap(deltas: Sequence[Delta], next_index: Mapping[tuple[str, int], int]) -> bool:
    expected: dict[tuple[str, int], int] = {}
    for delta in deltas:
        attempt = (delta.run_id, delta.attempt)
        index = expected.get(attempt, next_index.get(attempt, 0))
        if delta.index > index:
            return True
        expected[attempt] = max(delta.index + 1, index)
    return False
