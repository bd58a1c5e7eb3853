"""The endpoint of the room protocol: ``/v3/?room_uid=…&user_uid=…&after=…``.

One task reads the client's frames and appends what they say; two others follow the log and the live
deltas and tell the `Room`, whose frames go to the client in the order in which it gives them.
"""

import asyncio
import logging
import secrets
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from pydantic import BaseModel
from pydantic_core import to_json
from starlette.responses import JSONResponse
from starlette.websockets import WebSocket

from contracts.envelope import Recorded
from contracts.events import ENDS, ConversationStarted, MessageReceived, RunEnded, RunEvent
from contracts.live import Delta
from contracts.subjects import InvalidKey, check_key
from edge_ws.connection import Connection
from edge_ws.conversation import Follower, reason_of, serve
from edge_ws.graphs import Graphs
from edge_ws.newest import place_of_newest
from edge_ws.settings import EdgeSettings
from eventlog.live import Live
from eventlog.ports import Log, LogError
from eventlog.turns.inbox import Inbox, Receipt
from protocols.room.dialect import (
    ANSWERS,
    MESSAGES,
    MESSAGES_IN_STATE,
    SAID,
    NotUnderstood,
    Room,
    decode,
    state_of,
)
from protocols.room.turn import Frame, Position
from protocols.room.wire import Connected, Refusal, Resync, SendCommand, State

logger = logging.getLogger(__name__)

PROTOCOL = "room"
RESPONDER = "agent-runner"
CONNECTION_ID_BYTES: Final = 11
LATE_SECONDS: Final = 1.0
"""How long the last deltas of a run may come after its end; then the log's text stands for them."""


class RoomEndpoint:
    """Serves one client after another, any number at once."""

    def __init__(self, log: Log, live: Live, inbox: Inbox, graphs: Graphs, settings: EdgeSettings) -> None:
        self._log = log
        self._live = live
        self._inbox = inbox
        self._graphs = graphs
        self._settings = settings

    async def serve(self, socket: WebSocket) -> None:
        """Talk to one client until it leaves; without a usable ``room_uid`` it is refused."""
        query = socket.query_params
        room_uid = query.get("room_uid", "")
        try:
            check_key(room_uid)
        except InvalidKey as error:
            await socket.send_denial_response(JSONResponse({"detail": f"room_uid: {error}"}, 400))
            return

        async def hold(connection: Connection) -> None:
            visit = _Visit(room_uid, query.get("user_uid"), connection, self._log, self._live, self._inbox)
            graph = await self._graphs.chosen(query.get("graph"), self._settings.room_graph)
            await visit.hold(query.get("after"), graph, self._settings.max_frame)

        await serve(
            socket,
            send_timeout=self._settings.send_timeout,
            hold=hold,
            refusal=lambda reason: Refusal(message=reason).model_dump_json(),
        )


class _Visit:
    """One client in one room. The follower's gate keeps the frames in the order of the `Room`."""

    def __init__(
        self, room_uid: str, user_uid: str | None, connection: Connection, log: Log, live: Live, inbox: Inbox
    ) -> None:
        self._room_uid = room_uid
        self._user_uid = user_uid or None
        self._connection = connection
        self._log = log
        self._live = live
        self._inbox = inbox
        self._follower = Follower(room_uid, log, inbox)
        self._room = Room(0)
        self._connection_id = urlsafe_b64encode(secrets.token_bytes(CONNECTION_ID_BYTES)).decode()

    async def hold(self, after: str | None, graph: str, max_frame: int) -> None:
        """Until the client leaves."""
        async with self._live.listen(self._room_uid) as deltas, asyncio.TaskGroup() as group:
            newest_run = await self._log.last(self._room_uid, "run.>")
            await self._follower.begin()  # behind it, so that a turn that ends now is shown
            await self._catch_up(after, newest_run)
            if run_id := self._room.incomplete:
                group.create_task(self._wait_for_rest(run_id))

            async def show(event: Recorded) -> None:
                await self._send(self._room.see(event))
                if isinstance(event.event, RunEnded) and self._room.incomplete:
                    group.create_task(self._wait_for_rest(event.event.run_id))

            following = [
                group.create_task(self._follower.follow(show)),
                group.create_task(self._follow_deltas(deltas)),
            ]
            async for frame in self._connection.frames():
                await self._receive(frame, graph, max_frame)
            for task in following:
                task.cancel()

    async def _catch_up(self, after: str | None, newest_run: Recorded | None) -> None:
        """Go on behind the frame `after`; else, and where that cannot be, with the turn in progress."""
        if after:
            frames = await self._resumed(after)
            if frames is not None:
                await self._send(frames)
                return
            await self._answer(Resync())
            await self._answer(await self._state())
        answered = self._answered(newest_run)
        self._room = Room(answered)
        await self._send(await self._told(self._room, [event async for event in self._past(answered)]))

    async def _resumed(self, after: str) -> list[Frame] | None:
        """The frames behind `after`, None if it is unknown or what follows it is not there any more."""
        try:
            position = Position.parse(after)
        except ValueError:
            return None
        start, before = self._follower.seen.start, position.sequence - 1
        if start is None or not start.sequence < position.sequence <= self._follower.seen.tail:
            return None
        message = await self._log.next(self._room_uid, "message.>", after=before)
        if message is None or message.sequence != position.sequence:
            return None
        room = Room(before, position)
        frames = await self._told(room, [event async for event in self._past(before)])
        if not room.can_resume:
            return None
        self._room = room
        return frames

    def _answered(self, newest: Recorded | None) -> int:
        """The sequence up to which every message has been answered."""
        start = self._follower.seen.start
        if start is None:
            return self._follower.seen.tail
        if newest is None or newest.sequence < start.sequence or not isinstance(newest.event, RunEvent):
            return start.sequence
        run = newest.event
        return run.message_sequence if isinstance(run, RunEnded) else run.message_sequence - 1

    async def _state(self) -> State:
        """What was said last, read from where it begins, however long the conversation is."""
        seen = self._follower.seen
        if seen.start is None:
            return state_of(())
        first = seen.start.sequence
        after, before = await place_of_newest(self._count, first, seen.tail, MESSAGES_IN_STATE)
        answers = self._log.read(self._room_uid, after=first, until=after, pattern=ANSWERS)
        before += state_of([answer async for answer in answers]).total
        events = [event for pattern in SAID async for event in self._past(after, pattern)]
        state = state_of(sorted(events, key=lambda event: event.sequence), before)
        if state.id is None:  # of so many messages none is answered yet
            ends = await asyncio.gather(*(self._log.last(self._room_uid, end.type) for end in ENDS))
            earlier = [end for end in ends if end and end.sequence > first]
            newest = state_of(sorted(earlier, key=lambda end: end.sequence))
            state = state.model_copy(update={"id": newest.id})
        return state

    async def _count(self, after: int) -> int:
        counts = (self._log.count(self._room_uid, pattern, after=after) for pattern in MESSAGES)
        return sum(await asyncio.gather(*counts))

    def _past(self, after: int, pattern: str = ">") -> AsyncIterator[Recorded]:
        return self._log.read(self._room_uid, after=after, until=self._follower.seen.tail, pattern=pattern)

    async def _told(self, room: Room, events: Sequence[Recorded]) -> list[Frame]:
        """The frames of a room that has been told all of this, and the deltas where they are wanted."""
        frames = [frame for event in events for frame in room.see(event)]
        if room.waits:
            deltas = await self._live.kept(self._room_uid)
            frames += [frame for delta in deltas for frame in room.hear(delta)]
        return frames

    async def _follow_deltas(self, deltas: AsyncIterator[Delta]) -> None:
        async for delta in deltas:
            async with self._follower.gate:
                await self._send(self._room.hear(delta))

    async def _wait_for_rest(self, run_id: str) -> None:
        await asyncio.sleep(LATE_SECONDS)
        async with self._follower.gate:
            await self._send(self._room.give_up(run_id))

    async def _receive(self, frame: str | bytes, graph: str, max_frame: int) -> None:
        try:
            if isinstance(frame, bytes):
                raise NotUnderstood("the frame must be text")
            if (size := len(frame.encode())) > max_frame:
                raise NotUnderstood(f"the frame has {size} bytes, more than {max_frame}")
            command = decode(frame, self._room_uid)
        except NotUnderstood as error:
            await self._answer(Refusal(message=str(error)))
            return
        if isinstance(command, SendCommand):
            await self._say(command, graph)
        else:
            await self._answer(Connected(connection_id=self._connection_id))

    async def _say(self, command: SendCommand, graph: str) -> None:
        user_id = command.user_id or self._user_uid
        message = MessageReceived(
            addressee=RESPONDER,
            text=command.msg,
            protocol=PROTOCOL,
            message_id=command.message_id,
            user_id=user_id,
        )
        opening = ConversationStarted(
            responder_name=RESPONDER, graph=graph, protocol=PROTOCOL, user_id=user_id
        )
        try:
            receipt = await self._inbox.receive(self._room_uid, message, opening, seen=self._follower.seen)
            if receipt.again:
                await self._tell_again(receipt)
        except LogError as error:
            logger.warning("room %r: %s", self._room_uid, error)
            await self._answer(Refusal(message=f"the message was not accepted: {reason_of(error)}"))

    async def _tell_again(self, receipt: Receipt) -> None:
        """Show this client alone the turn of a message that it has sent again, if the turn has ended."""
        async with self._follower.gate:
            turn = [
                recorded
                async for recorded in self._past(receipt.sequence - 1)
                if recorded.id == receipt.run_id
                or (isinstance(recorded.event, RunEvent) and recorded.event.run_id == receipt.run_id)
            ]
            if not any(isinstance(recorded.event, RunEnded) for recorded in turn):
                return
            room = Room(receipt.sequence - 1)
            await self._send(await self._told(room, turn))
            await self._send(room.give_up(receipt.run_id))

    async def _answer(self, frame: BaseModel) -> None:
        await self._connection.send(frame.model_dump_json())

    async def _send(self, frames: Iterable[Frame]) -> None:
        for frame in frames:
            await self._connection.send(to_json(frame).decode())
