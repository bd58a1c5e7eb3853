"""The endpoint of the agent protocol: ``/chat/{chat_id}``.

One task reads the client's frames and appends what they say; another follows the conversation and
sends the steps of the messages that this client has sent.
"""

import asyncio
import logging

from starlette.websockets import WebSocket

from contracts.envelope import Recorded
from contracts.events import ConversationDeleted, ConversationStarted, MessageReceived, RunEvent
from edge_ws.connection import Connection, Unreadable
from edge_ws.conversation import Follower, checked_key, reason_of, serve
from edge_ws.graphs import Graphs
from edge_ws.settings import EdgeSettings
from eventlog.ports import Log, LogError
from eventlog.turns.inbox import Inbox
from protocols.agent.dialect import Answer, NotUnderstood, decode
from protocols.agent.wire import AgentError, ClientMessage, Frame

logger = logging.getLogger(__name__)

PROTOCOL = "agent"
RESPONDER = "agent-runner"


class AgentEndpoint:
    """Serves one client after another, any number at once."""

    def __init__(self, log: Log, inbox: Inbox, graphs: Graphs, settings: EdgeSettings) -> None:
        self._log = log
        self._inbox = inbox
        self._graphs = graphs
        self._settings = settings

    async def serve(self, socket: WebSocket, chat_id: str) -> None:
        """Talk to one client until it leaves."""

        async def hold(connection: Connection) -> None:
            checked_key("chat_id", chat_id)
            graph = await self._graphs.chosen(socket.query_params.get("graph"), self._settings.agent_graph)
            await _Chat(chat_id, graph, connection, self._log, self._inbox, self._settings).hold()

        await serve(
            socket,
            send_timeout=self._settings.send_timeout,
            hold=hold,
            refusal=lambda reason: _json(AgentError(error=reason, chat_id=chat_id[:128])),
        )


class _Chat:
    """One client's view of one conversation.

    An append and the handling of one event hold the follower's gate, so that the steps of a message
    cannot pass by before the message is known to be this client's.
    """

    def __init__(
        self,
        chat_id: str,
        graph: str,
        connection: Connection,
        log: Log,
        inbox: Inbox,
        settings: EdgeSettings,
    ) -> None:
        self._chat_id = chat_id
        self._connection = connection
        self._log = log
        self._inbox = inbox
        self._max_frame = settings.max_frame
        self._opening = ConversationStarted(responder_name=RESPONDER, graph=graph, protocol=PROTOCOL)
        self._follower = Follower(chat_id, log, inbox)
        self._answers: dict[str, Answer] = {}

    async def hold(self) -> None:
        """Until the client leaves."""
        await self._follower.begin()
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._follower.follow(self._show))
            async for frame in self._connection.texts(self._max_frame):
                await self._receive(frame)
            sending.cancel()

    async def _receive(self, frame: str | Unreadable) -> None:
        try:
            if isinstance(frame, Unreadable):
                raise NotUnderstood(frame.reason)
            command = decode(frame)
        except NotUnderstood as error:
            await self._send(AgentError(error=str(error), chat_id=self._chat_id, message_id=error.message_id))
            return
        async with self._follower.gate:
            try:
                await self._say(command)
            except LogError as error:
                logger.warning("conversation %r: %s", self._chat_id, error)
                reason = f"the message was not accepted: {reason_of(error)}"
                await self._send(
                    AgentError(error=reason, chat_id=self._chat_id, message_id=command.message_id)
                )

    async def _say(self, command: ClientMessage) -> None:
        message = MessageReceived(
            addressee=RESPONDER, text=command.message, protocol=PROTOCOL, message_id=command.message_id
        )
        seen = self._follower.seen
        receipt = await self._inbox.receive(self._chat_id, message, self._opening, seen=seen)
        if earlier := self._answers.get(receipt.run_id):
            earlier.repeats += 1
            return
        answer = self._answers[receipt.run_id] = Answer(self._chat_id, command.message_id)
        if receipt.sequence < seen.tail:
            async for event in self._log.read(self._chat_id, after=receipt.sequence, until=seen.tail):
                await self._show(event, only=receipt.run_id)
                if answer.ended:
                    break

    async def _show(self, event: Recorded, only: str | None = None) -> None:
        run = event.event
        if isinstance(run, ConversationDeleted):
            await self._end_all("the conversation was deleted (대화가 삭제되었습니다)")
            return
        answer = self._answers.get(run.run_id) if isinstance(run, RunEvent) else None
        if not isinstance(run, RunEvent) or answer is None or (only and run.run_id != only):
            return
        for frame in answer.encode(event):
            await self._send(frame)
        if answer.ended:
            del self._answers[run.run_id]
            for _ in range(answer.repeats):
                await self._repeat(run, answer.message_id, until=event.sequence)

    async def _end_all(self, reason: str) -> None:
        """Nothing that this client has said is answered any more."""
        answers, self._answers = self._answers, {}
        for answer in answers.values():
            for _ in range(1 + answer.repeats):
                await self._send(
                    AgentError(error=reason, chat_id=self._chat_id, message_id=answer.message_id)
                )

    async def _repeat(self, run: RunEvent, message_id: str, until: int) -> None:
        """Send a whole answer once more, for a message that was sent again while it was answered."""
        answer = Answer(self._chat_id, message_id)
        async for event in self._log.read(self._chat_id, after=run.message_sequence, until=until):
            if isinstance(event.event, RunEvent) and event.event.run_id == run.run_id:
                for frame in answer.encode(event):
                    await self._send(frame)

    async def _send(self, frame: Frame) -> None:
        await self._connection.send(_json(frame))


def _json(frame: Frame) -> str:
    return frame.model_dump_json(exclude_none=True)
