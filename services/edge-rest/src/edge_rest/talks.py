"""Conversations of the quote protocol over the log; what they say is in `dialects.quote`.

Waits are cancelled by anyio, which repeats a cancellation until it is heard: before Python 3.12,
`asyncio.wait_for`, by which nats-py waits, can swallow one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Final

import anyio

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    ConversationDeleted,
    ConversationStarted,
    MessageReceived,
    RunEvent,
)
from contracts.events.quote import CrisisAnswered, StageAnswered
from eventlog.live import Live
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox, Receipt
from eventlog.turns.progress import Progress
from eventlog.turns.standing import Seen
from protocols.quote import dialect as quote
from protocols.quote.dialect import Numbered, Place, ReplyStream
from protocols.quote.wire import ConversationName, SendRequest, SendResponse, StatusResponse

logger = logging.getLogger(__name__)

RESPONDER: Final = "quote-engine"
PROTOCOL: Final = "quote"


class UnknownConversation(LookupError):
    """There is no such conversation."""


class Talks:
    """What clients of the quote protocol do with conversations."""

    def __init__(self, log: Log, live: Live, inbox: Inbox) -> None:
        self._log = log
        self._live = live
        self._inbox = inbox

    async def send(self, request: SendRequest, *, wait_seconds: float) -> SendResponse:
        """Receive a message; the reply comes with the answer if it is the fourth and in time.

        Raises:
            LogError: if the log did not take it.
        """
        key = request.key
        tail = await self._log.tail(key)
        start = await self._inbox.standing(key)
        message = MessageReceived(
            addressee=RESPONDER,
            text=request.content,
            protocol=PROTOCOL,
            message_id=request.message_id,
            user_id=request.userId,
        )
        opening = ConversationStarted(responder_name=RESPONDER, protocol=PROTOCOL, user_id=request.userId)
        receipt = await self._inbox.receive(key, message, opening, seen=Seen(tail, start))
        if start is None or not await self._may_be_the_fourth(key, start, receipt):
            return quote.sent(request, None)
        return quote.sent(request, await self._end(key, receipt, wait_seconds))

    async def status(self, name: ConversationName) -> StatusResponse:
        """Where a conversation stands at this moment.

        Raises:
            UnknownConversation: if there is no such conversation.
        """
        start = await self._standing(name.key)
        run = await self._log.last(name.key, "run.>")
        # Read after the run: a message that comes in between makes the answer "pending", which it is.
        said = await self._log.last(name.key, "message.>")
        return quote.status(name, start, said, run)

    async def begin(self, name: ConversationName, last_event_id: str | None) -> tuple[ReplyStream, int]:
        """The reply to stream, and the sequence behind which to read it.

        Raises:
            UnknownConversation: if there is no such conversation.
        """
        key = name.key
        start = await self._standing(key)
        if place := Place.parse(last_event_id):
            said = await self._log.last(key, f"message.*.*.{place.run_id}")
            if said and said.sequence > start.sequence:
                return ReplyStream(place.run_id, place.index + 1), said.sequence
        run = await self._log.last(key, "run.>")
        progress = Progress(start, run)
        waiting = await self._log.next(key, "message.>", after=progress.answered)
        if waiting:
            return ReplyStream(waiting.id), waiting.sequence
        if run and isinstance(run.event, RunEvent) and run.sequence > start.sequence:
            return ReplyStream(run.event.run_id), run.event.message_sequence
        return ReplyStream(None), start.sequence

    async def deliver(
        self,
        name: ConversationName,
        reply: ReplyStream,
        after: int,
        send: Callable[[Numbered], Awaitable[None]],
    ) -> None:
        """Send a reply's events as they come, until its end."""
        key = name.key
        gate = asyncio.Lock()  # a delta's events and those of the log do not mix
        async with (
            self._log.follow(key, after=after) as events,
            self._live.listen(key, replay=True) as deltas,
            anyio.create_task_group() as group,
        ):

            async def hear() -> None:
                async for delta in deltas:
                    async with gate:
                        for numbered in reply.hear(delta, datetime.now(UTC)):
                            await send(numbered)

            group.start_soon(hear)
            async for event in events:
                async with gate:
                    for numbered in reply.read(event):
                        await send(numbered)
                if reply.ended:
                    break
            group.cancel_scope.cancel()

    async def _standing(self, key: str) -> Recorded:
        start = await self._inbox.standing(key)
        if start is None:
            raise UnknownConversation(key)
        return start

    async def _may_be_the_fourth(self, key: str, start: Recorded, receipt: Receipt) -> bool:
        """Whether a message is answered already or, with those that wait before it, the fourth of a talk."""
        newest = await self._log.last(key, "quote.>")
        stage, answered = 0, start.sequence
        if newest and newest.sequence > start.sequence:
            event = newest.event
            if isinstance(event, StageAnswered | CrisisAnswered):
                stage, answered = event.stage, event.message_sequence
        if answered >= receipt.sequence:
            return True
        waiting = self._log.read(key, after=answered, until=receipt.sequence, pattern="message.>")
        return (stage + len([message async for message in waiting])) % quote.STAGES == 0

    async def _end(self, key: str, receipt: Receipt, wait_seconds: float) -> RunEvent | None:
        """How the run of a message ended, if it does so in time."""
        with anyio.move_on_after(wait_seconds):
            async with self._log.follow(key, after=receipt.sequence) as events:
                async for recorded in events:
                    event = recorded.event
                    if isinstance(event, ENDS) and event.run_id == receipt.run_id:
                        return event
                    if isinstance(event, ConversationDeleted):
                        return None
        logger.info("run %s takes longer than the client is kept waiting", receipt.run_id)
        return None
