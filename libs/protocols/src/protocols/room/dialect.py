"""The room protocol's frames in, and its view of a room: which frame comes next, in the same order for all.

A frame's id is its place: the message's sequence in the log, the attempt at answering it, and a number
that counts the attempt's deltas from 1 on. Number 0 says that an attempt begins the turn again; the
numbers behind the last delta are the end, which only the log can tell. So every edge gives every frame
the same id, whatever it saw arrive first.
"""

from collections import deque
from collections.abc import Iterable
from typing import Final

from pydantic import ValidationError
from pydantic_core import from_json

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    AnswerReceived,
    ConversationDeleted,
    MessageReceived,
    RunCompleted,
    RunEnded,
    RunEvent,
    RunFailed,
    RunInterrupted,
)
from contracts.live import Delta
from protocols.room.turn import Frame, Place, Position, Turn, last_of
from protocols.room.wire import (
    COMMANDS,
    RoomMessage,
    SendCommand,
    State,
    StatusCommand,
    assistant,
)

MESSAGES_IN_STATE: Final = 200
ANSWERS: Final = f"{AnswerReceived.type}.>"
"""Of these, only the texts are messages of the state."""
MESSAGES: Final = (f"{MessageReceived.type}.>", RunCompleted.type, RunInterrupted.type)
"""Each of these is a message of the state."""
SAID: Final = ("message.>", *(end.type for end in ENDS))
"""The events of a conversation that its state is made of."""
EARLY_RUNS: Final = 8
"""How many runs may have sent deltas before the log was seen to tell of them."""


class NotUnderstood(ValueError):
    """A frame that is no command for this room."""


def decode(text: str, room_uid: str) -> StatusCommand | SendCommand:
    """The command in a frame.

    Raises:
        NotUnderstood: with a reason that names the field.
    """
    try:
        command = COMMANDS.validate_python(from_json(text))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part not in {"status", "sendmsg"})
        raise NotUnderstood(f"{place or 'action'}: {first['msg']}") from None
    except ValueError as error:
        raise NotUnderstood(f"the frame is not JSON: {error}") from None
    if isinstance(command, SendCommand) and command.room_uid != room_uid:
        raise NotUnderstood(f"room_uid: this connection is for the room {room_uid!r}")
    return command


class Room:
    """One connection's view of a room: it is told of events and deltas as they come and gives the frames.

    Turns are shown one after the other in the order of the log, each attempt's deltas in their own order.
    """

    def __init__(self, answered: int, resume: Position | None = None) -> None:
        """Show the turns of the messages behind the sequence `answered`, from behind `resume` on."""
        self._answered = answered
        self._resume = resume
        self._reached = Place(0, 0)
        self._turns: deque[Turn] = deque()
        self._early: dict[str, list[Delta]] = {}

    def see(self, recorded: Recorded) -> list[Frame]:
        """The frames that an event of the log makes due."""
        match recorded.event:
            case MessageReceived() | AnswerReceived() if recorded.sequence > self._answered:
                self._open(recorded)
            case RunEvent(run_id=run_id) as event if turn := self._turn(run_id):
                self._turns = deque(t for t in self._turns if t.end or t.sequence >= turn.sequence)
                turn.begin(event.attempt)
                if isinstance(event, RunEnded):
                    turn.end = event
            case ConversationDeleted():
                for turn in self._turns:
                    turn.end = turn.end or RunFailed(
                        run_id=turn.run_id,
                        message_sequence=turn.sequence,
                        attempt=max(turn.attempt, 1),
                        error="the room was deleted",
                        deltas=turn.next_index,
                    )
                    turn.begin(turn.end.attempt)
            case _:
                pass
        return self._due()

    def hear(self, delta: Delta) -> list[Frame]:
        """The frames that a live delta makes due."""
        if turn := self._turn(delta.run_id):
            turn.take(delta)
            return self._due()
        self._early.setdefault(delta.run_id, []).append(delta)
        while len(self._early) > EARLY_RUNS:
            del self._early[next(iter(self._early))]
        return []

    @property
    def waits(self) -> bool:
        """Whether there is a turn of which more is to be told."""
        return bool(self._turns)

    @property
    def incomplete(self) -> str | None:
        """The run that has ended while some of its deltas are missing, if there is one."""
        turn = self._turns[0] if self._turns else None
        return turn.run_id if turn and turn.end else None

    @property
    def can_resume(self) -> bool:
        """Whether, once told all that there is, it has gone on exactly where the client left off."""
        if self._resume is None or self.incomplete:
            return False
        resumed = self._resume.sequence
        turn = next((turn for turn in self._turns if turn.sequence == resumed), None)
        has_gap = bool(self._turns and self._turns[0].waiting)
        return not has_gap and self._resume.place <= (turn.reached if turn else self._reached)

    def give_up(self, run_id: str) -> list[Frame]:
        """The end of a run whose missing deltas will not come."""
        if run_id != self.incomplete:
            return []
        self._turns[0].lost = True
        return self._due()

    def _open(self, received: Recorded) -> None:
        resume = self._resume
        seen = resume.place if resume and resume.sequence == received.sequence else Place(0, 0)
        turn = Turn(received.id, received.sequence, seen, shown_attempt=seen.attempt)
        for delta in self._early.pop(received.id, ()):
            turn.take(delta)
        self._turns.append(turn)

    def _turn(self, run_id: str) -> Turn | None:
        return next((turn for turn in self._turns if turn.run_id == run_id), None)

    def _due(self) -> list[Frame]:
        frames: list[Frame] = []
        while self._turns:
            turn = self._turns[0]
            frames += turn.frames()
            if not turn.is_complete:
                break
            self._turns.popleft()
            self._answered = turn.sequence
            if self._resume and turn.sequence == self._resume.sequence:
                self._reached = turn.reached
        return frames


def state_of(events: Iterable[Recorded], before: int = 0) -> State:
    """What was said in a room, by its events of the kinds `SAID`, with the id of the last turn's end.

    Args:
        before: how many messages came before these events.
    """
    messages: list[RoomMessage] = []
    position: Position | None = None
    for recorded in events:
        match recorded.event:
            case MessageReceived(text=text):
                messages.append(RoomMessage(role="user", content=text, tool_calls=None))
            case AnswerReceived(response=str(text)):
                messages.append(RoomMessage(role="user", content=text, tool_calls=None))
            case RunCompleted(text=text) | RunInterrupted(question=text):
                messages.append(assistant(text))
            case ConversationDeleted():
                messages.clear()
            case _:
                pass
        if isinstance(recorded.event, RunEnded):
            position = Position(recorded.event.message_sequence, last_of(recorded.event))
    return State(
        messages=messages[-MESSAGES_IN_STATE:],
        total=before + len(messages),
        id=str(position) if position else None,
    )
