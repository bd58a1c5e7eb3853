"""The endpoint of the agent protocol: ``/chat/{chat_id}``.

One task reads the client's frames and appends what they say; another follows the conversation and
sends the steps of the messages that this client has sent.
"""

import asyncio
import logging

from fastapi import WebSocket, WebSocketDisconnect

from contracts.envelope import Recorded
from contracts.events import ConversationDeleted, ConversationStarted, MessageReceived
from contracts.subjects import InvalidKey, check_key
from contracts.wire.agent import AgentError, Frame
from edge_ws.connection import POLICY_VIOLATION, TRY_AGAIN_LATER, Connection, TooSlow
from edge_ws.dialects.agent import Answer, NotUnderstood, decode
from edge_ws.settings import EdgeSettings
from eventlog.inbox import Inbox, Seen
from eventlog.ports import Log, LogError

logger = logging.getLogger(__name__)

PROTOCOL = "agent"
RESPONDER = "agent-runner"


class AgentEndpoint:
    """Serves one client after another, any number at once."""

    def __init__(self, log: Log, inbox: Inbox, settings: EdgeSettings) -> None:
        self._log = log
        self._inbox = inbox
        self._settings = settings

    async def serve(self, socket: WebSocket, chat_id: str) -> None:
        """Talk to one client until it leaves."""
        await socket.accept()
        connection = Connection(socket, self._settings.send_timeout)
        try:
            check_key(chat_id)
        except InvalidKey as error:
            reason = f"chat_id: {error}"
            await connection.send(_json(AgentError(error=reason, chat_id=chat_id[:128])))
            await connection.close(POLICY_VIOLATION, reason)
            return
        chat = _Chat(chat_id, connection, self._log, self._inbox, self._settings)
        try:
            await chat.hold()
        except* WebSocketDisconnect:
            logger.debug("client of %r left", chat_id)
        except* TooSlow:
            await connection.close(POLICY_VIOLATION, "too slow")
        except* LogError as errors:
            logger.warning("conversation %r: %s", chat_id, errors.exceptions[0])
            await connection.close(TRY_AGAIN_LATER, "the log is not available")


class _Chat:
    """One client's view of one conversation.

    The gate lets either an append or the handling of one event go on, so that the steps of a message
    cannot pass by before the message is known to be this client's.
    """

    def __init__(
        self, chat_id: str, connection: Connection, log: Log, inbox: Inbox, settings: EdgeSettings
    ) -> None:
        self._chat_id = chat_id
        self._connection = connection
        self._log = log
        self._inbox = inbox
        self._max_frame = settings.max_frame
        self._opening = ConversationStarted(
            responder_name=RESPONDER, graph=settings.agent_graph, protocol=PROTOCOL
        )
        self._gate = asyncio.Lock()
        self._seen = Seen(0, None)
        self._answers: dict[str, Answer] = {}

    async def hold(self) -> None:
        """Until the client leaves."""
        tail = await self._log.tail(self._chat_id)
        self._seen = Seen(tail, await self._inbox.standing(self._chat_id))
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send_events(tail))
            async for frame in self._connection.frames():
                await self._receive(frame)
            sending.cancel()

    async def _receive(self, frame: str | bytes) -> None:
        try:
            if isinstance(frame, bytes):
                raise NotUnderstood("the frame must be text")
            if (size := len(frame.encode())) > self._max_frame:
                raise NotUnderstood(f"the frame has {size} bytes, more than {self._max_frame}")
            command = decode(frame)
        except NotUnderstood as error:
            await self._send(AgentError(error=str(error), chat_id=self._chat_id, message_id=error.message_id))
            return
        message = MessageReceived(
            addressee=RESPONDER, text=command.message, protocol=PROTOCOL, message_id=command.message_id
        )
        async with self._gate:
            try:
                receipt = await self._inbox.receive(self._chat_id, message, self._opening, seen=self._seen)
            except LogError as error:
                logger.warning("conversation %r: %s", self._chat_id, error)
                reason = "the message was not accepted: the log is not available; send it again"
                await self._send(
                    AgentError(error=reason, chat_id=self._chat_id, message_id=command.message_id)
                )
                return
            answer = self._answers[receipt.run_id] = Answer(self._chat_id, command.message_id)
            past = self._log.read(self._chat_id, after=receipt.sequence, until=self._seen.tail)
            if receipt.sequence < self._seen.tail:
                async for event in past:
                    await self._show(event, only=receipt.run_id)
                    if answer.ended:
                        break

    async def _send_events(self, after: int) -> None:
        async with self._log.follow(self._chat_id, after=after) as events:
            async for event in events:
                async with self._gate:
                    start = self._seen.start
                    match event.event:
                        case ConversationStarted():
                            start = event
                        case ConversationDeleted():
                            start = None
                        case _:
                            await self._show(event)
                    self._seen = Seen(event.sequence, start)

    async def _show(self, event: Recorded, only: str | None = None) -> None:
        run_id = getattr(event.event, "run_id", None)
        answer = self._answers.get(run_id) if run_id else None
        if run_id is None or answer is None or (only and run_id != only):
            return
        for frame in answer.encode(event):
            await self._send(frame)
        if answer.ended:
            del self._answers[run_id]

    async def _send(self, frame: Frame) -> None:
        await self._connection.send(_json(frame))


def _json(frame: Frame) -> str:
    return frame.model_dump_json(exclude_none=True)
