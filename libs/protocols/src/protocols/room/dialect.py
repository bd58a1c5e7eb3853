"""The room protocol's frames in, and its view of a room: which frame comes next, in the same order for all.

A frame's id is its place: the message's sequence in the log, the attempt at answering it, and a number
that counts the attempt's deltas from 1 on. Number 0 says that an attempt begins the turn again; the
numbers behind the last delta are the end, which only the log can tell. So every edge gives every frame
the same id, whatever it saw arrive first.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import from_json

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    AnswerReceived,
    ConversationDeleted,
    MessageReceived,
    Question,
    RunCompleted,
    RunEnded,
    RunEvent,
    RunFailed,
    RunInterrupted,
)
from contracts.live import Delta
from contracts.trace import CHAIN_END, CHAIN_ERROR, CHAIN_START, CHAIN_STREAM, CUSTOM_EVENT, TRACED, root_of
from protocols.room.wire import (
    COMMANDS,
    Restart,
    RoomMessage,
    SendCommand,
    State,
    StatusCommand,
    assistant,
)

Frame: TypeAlias = dict[str, Any]

MESSAGES_IN_STATE: Final = 200
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


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a frame stands within its run."""

    attempt: int
    number: int


@dataclass(frozen=True, slots=True)
class Position:
    """A frame's id; `sequence` is that of the message which the run answers."""

    sequence: int
    place: Place

    def __str__(self) -> str:
        return f"{self.sequence}.{self.place.attempt}.{self.place.number}"

    @classmethod
    def parse(cls, text: str) -> "Position":
        """The inverse of `str`.

        Raises:
            ValueError: if no frame has such an id.
        """
        sequence, attempt, number = map(int, text.split("."))
        position = cls(sequence, Place(attempt, number))
        if str(position) != text or min(sequence, attempt, number) < 0:
            raise ValueError(f"{text!r} is not how an id is written")
        return position


@dataclass(slots=True)
class _Turn:
    """One run as far as it was shown.

    Attributes:
        seen: the client knows the frames up to here.
        shown_attempt: the newest attempt that the client has seen something of, 0 for none.
        next_index: of the delta that comes next.
        lost: what is missing will not come.
    """

    run_id: str
    sequence: int
    seen: Place
    shown_attempt: int
    attempt: int = 0
    next_index: int = 0
    waiting: dict[tuple[int, int], Delta] = field(default_factory=dict)
    end: RunEnded | None = None
    lost: bool = False
    _void: int = 0

    @property
    def reached(self) -> Place:
        """The last frame that there is so far."""
        return _last(self.end) if self.end and self.is_complete else Place(self.attempt, self.next_index)

    @property
    def is_complete(self) -> bool:
        """Whether there is nothing more to wait for."""
        if self.end is None:
            return False
        return self.lost or self.next_index >= self.end.deltas or self.seen == _last(self.end)

    def begin(self, attempt: int) -> None:
        """The log says that this attempt has the run."""
        if attempt > self.attempt:
            self._void = self.shown_attempt if self.shown_attempt < attempt else 0
            self.attempt, self.next_index = attempt, 0
            self.waiting = {key: delta for key, delta in self.waiting.items() if key[0] >= attempt}

    def take(self, delta: Delta) -> None:
        """Keep a delta until its turn comes."""
        if (delta.attempt, delta.index) >= (self.attempt, self.next_index):
            self.waiting[delta.attempt, delta.index] = delta

    def frames(self) -> Iterator[Frame]:
        """All that can be shown now and was not yet."""
        if self._void:
            notice = Restart(run_id=str(root_of(self.run_id, self._void)), id=self._id(0))
            yield from self._placed(0, notice.model_dump())
            self._void = 0
        while delta := self.waiting.pop((self.attempt, self.next_index), None):
            self.next_index += 1
            if delta.kind in TRACED:
                yield from self._event(self.next_index, delta.kind, delta.data)
        if self.end and self.is_complete:
            yield from self._closing(self.end)

    def _closing(self, end: RunEnded) -> Iterator[Frame]:
        """The end as the log has it, with the whole text where deltas were lost."""
        last = _last(end).number
        if self.next_index == 0:
            yield from self._root(1, CHAIN_START)
        match end:
            case RunCompleted(text=text):
                if self.next_index < end.deltas:
                    update = {"messages": [assistant(text).model_dump()]}
                    yield from self._root(last - 1, CHAIN_STREAM, chunk={"model": update})
                yield from self._root(last, CHAIN_END)
            case RunInterrupted(questions=questions):
                chunk = {"__interrupt__": [_interrupt(asked) for asked in questions]}
                yield from self._root(last - 1, CHAIN_STREAM, chunk=chunk)
                yield from self._root(last, CHAIN_END)
            case RunFailed(error=error):
                yield from self._root(last, CHAIN_ERROR, error=error)
            case _:
                yield from self._root(last, CHAIN_ERROR, error="the run was cancelled")

    def _root(self, number: int, kind: str, **data: Any) -> Iterator[Frame]:
        root = str(root_of(self.run_id, self.attempt))
        yield from self._event(number, kind, {"data": data, "run_id": root, "parent_ids": [], "tags": []})

    def _event(self, number: int, kind: str, traced: dict[str, Any]) -> Iterator[Frame]:
        fields = ("data", "run_id", "parent_ids", "tags", *(("name",) if kind == CUSTOM_EVENT else ()))
        documented = {name: traced[name] for name in fields}
        yield from self._placed(number, {"event": kind, **documented, "id": self._id(number)})

    def _placed(self, number: int, frame: Frame) -> Iterator[Frame]:
        self.shown_attempt = max(self.shown_attempt, self.attempt)
        if Place(self.attempt, number) > self.seen:
            yield frame

    def _id(self, number: int) -> str:
        return str(Position(self.sequence, Place(self.attempt, number)))


def _interrupt(question: Question) -> dict[str, Any]:
    """The question as LangGraph streams it."""
    schema = {} if question.response_schema is None else {"response_schema": question.response_schema}
    return {"id": question.interrupt_id, "value": question.value, **schema}


def _last(end: RunEnded) -> Place:
    """A turn's very last frame: behind its deltas, or behind the start and the text that stand for them."""
    return Place(end.attempt, max(end.deltas, 2) + (2 if isinstance(end, RunInterrupted) else 1))


class Room:
    """One connection's view of a room: it is told of events and deltas as they come and gives the frames.

    Turns are shown one after the other in the order of the log, each attempt's deltas in their own order.
    """

    def __init__(self, answered: int, resume: Position | None = None) -> None:
        """Show the turns of the messages behind the sequence `answered`, from behind `resume` on."""
        self._answered = answered
        self._resume = resume
        self._reached = Place(0, 0)
        self._turns: deque[_Turn] = deque()
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
        turn = _Turn(received.id, received.sequence, seen, shown_attempt=seen.attempt)
        for delta in self._early.pop(received.id, ()):
            turn.take(delta)
        self._turns.append(turn)

    def _turn(self, run_id: str) -> _Turn | None:
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


def state_of(events: Iterable[Recorded]) -> State:
    """What was said in a room, by its events of the kinds `SAID`, with the id of the last turn's end."""
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
            position = Position(recorded.event.message_sequence, _last(recorded.event))
    return State(
        messages=messages[-MESSAGES_IN_STATE:],
        total=len(messages),
        id=str(position) if position else None,
    )
