"""The endpoint of the octo protocol: ``/ws/{id}`` and ``/ws/chat/{id}``.

Every connection of a conversation sees everything that happens in it from its connecting on, whoever
began it and by whatever protocol; and on connecting, the question that is open.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final, assert_never

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.websockets import WebSocket

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    AnswerReceived,
    ConversationDeleted,
    ConversationStarted,
    MessageReceived,
    RunEvent,
    open_after,
)
from contracts.live import Delta
from edge_ws.connection import Connection, Unreadable
from edge_ws.conversation import Follower, NotAccepted, checked_key, reason_of, serve
from edge_ws.graphs import Graphs
from edge_ws.settings import EdgeSettings
from eventlog.live import Live
from eventlog.ports import Log, LogError
from eventlog.turns.inbox import Inbox, Receipt
from eventlog.turns.refusals import Busy, NotRunning, NotWaiting
from protocols.octo.dialect import Narration, NotUnderstood, asked, decode, failed
from protocols.octo.wire import Cancel, Connected, Frame, HumanResponse, Id, OnBusy, Say

logger = logging.getLogger(__name__)

PROTOCOL: Final = "octo"
RESPONDER: Final = "agent-runner"


class Parameters(BaseModel):
    """What a client may say in the address.

    Attributes:
        user_id: the user a new conversation is listed under.
        on_busy: what becomes of a message that is sent while a run is in progress.
        graph: what answers a new conversation; an old one keeps its own.
    """

    model_config = ConfigDict(frozen=True)

    user_id: Id | None = None
    on_busy: OnBusy = "enqueue"
    graph: Id | None = None


@dataclass(frozen=True, slots=True)
class OctoEndpoint:
    """Serves one client after another, any number at once."""

    log: Log
    live: Live
    inbox: Inbox
    graphs: Graphs
    settings: EdgeSettings

    async def serve(self, socket: WebSocket, session_id: str) -> None:
        """Talk to one client until it leaves."""

        async def hold(connection: Connection) -> None:
            checked_key("session_id", session_id)
            parameters = _parameters(socket)
            graph = await self.graphs.chosen(parameters.graph, self.settings.octo_graph)
            await _Session(session_id, parameters, graph, connection, self).hold()

        await serve(
            socket,
            send_timeout=self.settings.send_timeout,
            hold=hold,
            refusal=lambda reason: failed(reason).model_dump_json(),
        )


def _parameters(socket: WebSocket) -> Parameters:
    try:
        return Parameters.model_validate(dict(socket.query_params))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise NotAccepted(f"{first['loc'][0]}: {first['msg']}") from None


class _Session:
    """One client's view of one conversation."""

    def __init__(
        self,
        key: str,
        parameters: Parameters,
        graph: str,
        connection: Connection,
        endpoint: OctoEndpoint,
    ) -> None:
        self._key = key
        self._parameters = parameters
        self._connection = connection
        self._log = endpoint.log
        self._live = endpoint.live
        self._inbox = endpoint.inbox
        self._max_frame = endpoint.settings.max_frame
        self._opening = ConversationStarted(
            responder_name=RESPONDER,
            graph=graph,
            protocol=PROTOCOL,
            user_id=parameters.user_id,
        )
        self._follower = Follower(key, endpoint.log, endpoint.inbox)
        self._narration = Narration()
        self._questions: list[str] = []
        """What this client was asked and has not answered, until another run ends."""

    async def hold(self) -> None:
        """Until the client leaves."""
        async with self._live.listen(self._key) as deltas:
            await self._follower.begin()
            await self._send(Connected(session_id=self._key))
            waiting = await self._inbox.waiting(self._key)
            if waiting and waiting.recorded.sequence <= self._follower.seen.tail:
                for question in waiting.questions:
                    self._questions.append(question.interrupt_id)
                    await self._send(asked(question))
            async with asyncio.TaskGroup() as group:
                sending = [
                    group.create_task(self._follower.follow(self._show)),
                    group.create_task(self._show_deltas(deltas)),
                ]
                async for frame in self._connection.texts(self._max_frame):
                    await self._receive(frame)
                for task in sending:
                    task.cancel()

    async def _receive(self, frame: str | Unreadable) -> None:
        try:
            if isinstance(frame, Unreadable):
                raise NotUnderstood(frame.reason)
            command = decode(frame)
        except NotUnderstood as error:
            await self._send(failed(str(error)))
            return
        async with self._follower.gate:
            try:
                await self._obey(command)
            except Busy:
                await self._send(failed("on_busy: a run is in progress, and the message was rejected"))
            except NotWaiting:
                await self._send(failed("human_response: no question is waiting for this answer"))
            except NotRunning:
                await self._send(failed("cancel: no run is in progress"))
            except LogError as error:
                logger.warning("conversation %r: %s", self._key, error)
                await self._send(failed(reason_of(error)))

    async def _obey(self, command: Say | HumanResponse | Cancel) -> None:
        match command:
            case Say():
                message = MessageReceived(
                    addressee=RESPONDER,
                    text=command.message,
                    protocol=PROTOCOL,
                    user_id=self._parameters.user_id,
                    message_id=command.message_id,
                    output_format=command.output_format,
                    on_busy=self._parameters.on_busy,
                )
                seen = self._follower.seen
                await self._tell_again(
                    await self._inbox.receive(self._key, message, self._opening, seen=seen)
                )
            case HumanResponse():
                interrupt_id = command.interrupt_id or next(iter(self._questions), None)
                if interrupt_id is None:
                    raise NotWaiting
                answer = AnswerReceived(
                    addressee=RESPONDER,
                    interrupt_id=interrupt_id,
                    protocol=PROTOCOL,
                    approve=command.approve if command.response is None else None,
                    response=command.response,
                )
                receipt = await self._inbox.answer(self._key, answer, seen=self._follower.seen)
                told = answer.answers(self._questions)  # the last one stays, so that it can be sent again
                if len(self._questions) > len(told):
                    self._questions = [asked for asked in self._questions if asked not in told]
                await self._tell_again(receipt)
            case Cancel():
                await self._inbox.cancel(self._key)
            case _:
                assert_never(command)

    async def _tell_again(self, receipt: Receipt) -> None:
        """Tell this client what came of something it has sent again, if the run that answers it has ended."""
        if not receipt.again:
            return
        narration = Narration()
        frames: list[Frame] = []
        past = self._log.read(self._key, after=receipt.sequence, until=self._follower.seen.tail)
        async for recorded in past:
            event = recorded.event
            if not isinstance(event, RunEvent) or event.run_id != receipt.run_id:
                continue
            frames += narration.event(recorded)
            if isinstance(event, ENDS):
                for frame in frames:
                    await self._send(frame)
                return

    async def _show(self, recorded: Recorded) -> None:
        event = recorded.event
        if isinstance(event, ENDS):
            self._questions = [question.interrupt_id for question in open_after(event)]
        elif isinstance(event, ConversationDeleted):
            self._questions, self._narration = [], Narration()
            for _ in range(self._follower.seen.unanswered or 0):
                await self._send(failed("the session was deleted (세션이 삭제되었습니다)"))
        for frame in self._narration.event(recorded):
            await self._send(frame)

    async def _show_deltas(self, deltas: AsyncIterator[Delta]) -> None:
        async for delta in deltas:
            async with self._follower.gate:
                for frame in self._narration.delta(delta):
                    await self._send(frame)

    async def _send(self, frame: Frame) -> None:
        await self._connection.send(frame.model_dump_json())
