"""Whenever a client comes, or comes back, it is shown what one is shown that stayed: for any log, any deltas
that were published or lost, and any order in which the two reach an edge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    Event,
    MessageReceived,
    NodeCompleted,
    Question,
    RunCancelled,
    RunCompleted,
    RunEnded,
    RunEvent,
    RunFailed,
    RunInterrupted,
    RunStarted,
    Step,
)
from contracts.live import NODE_STARTED, Delta
from contracts.trace import CHAIN_START, CHAT_MODEL_STREAM, root_of
from protocols.agent.dialect import Answer
from protocols.octo.dialect import Narration
from protocols.octo.wire import ChainEnd, ChainStart, CustomEvent
from protocols.octo.wire import Frame as OctoFrame
from protocols.room.dialect import Room
from protocols.room.turn import Frame, Position

Told: TypeAlias = Recorded | Delta
ENDINGS = ("completed", "interrupted", "failed", "cancelled")


@dataclass
class Conversation:
    """What there is of it.

    Attributes:
        deltas: those that were published, in their order.
    """

    log: list[Recorded] = field(default_factory=list)
    deltas: list[Delta] = field(default_factory=list)

    def append(self, event: Event, identity: str = "") -> int:
        """The place of the event."""
        sequence = len(self.log) + 1
        self.log.append(
            Recorded(
                id=identity or f"e{sequence}",
                conversation="c",
                event=event,
                occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
                source="test",
                sequence=sequence,
                previous=sequence - 1,
            )
        )
        return sequence


def attempt_deltas(run_id: str, attempt: int, nodes: Sequence[int]) -> list[Delta]:
    """The root's start, and of each node its start and a token."""
    place = {"run_id": str(root_of(run_id, attempt)), "parent_ids": [], "tags": []}
    told: list[tuple[str, Any]] = [(CHAIN_START, place | {"data": {}})]
    for node in nodes:
        told.append((NODE_STARTED, {"node": f"n{node}", "step": node}))
        told.append((CHAT_MODEL_STREAM, place | {"data": {"chunk": f"{attempt}.{node}"}}))
    return [
        Delta(run_id=run_id, attempt=attempt, index=index, kind=kind, data=data)
        for index, (kind, data) in enumerate(told)
    ]


def ending(kind: str, facts: dict[str, Any], deltas: int) -> RunEnded:
    match kind:
        case "completed":
            return RunCompleted(**facts, text="whole", deltas=deltas)
        case "interrupted":
            asked = Question(interrupt_id="i", question="Shall I?")
            return RunInterrupted(**facts, questions=(asked,), deltas=deltas)
        case "failed":
            return RunFailed(**facts, error="it broke", deltas=deltas)
        case _:
            return RunCancelled(**facts, deltas=deltas)


@st.composite
def conversations(draw: st.DrawFn) -> Conversation:
    """Messages, said one by one or ahead, whose runs are taken over, end somehow, and lose last deltas."""
    conversation = Conversation()
    said: dict[int, int] = {}

    def say(number: int) -> None:
        message = MessageReceived(addressee="agent-runner", text="hello", protocol="room")
        said[number] = conversation.append(message, f"00000000-0000-4000-8000-{number:012}")

    count = draw(st.integers(1, 3))
    for number in range(count):
        if number not in said:
            say(number)
        run_id = conversation.log[said[number] - 1].id
        nodes = list(range(1, draw(st.integers(0, 3)) + 1))
        takeovers = draw(st.integers(0, 2))
        for attempt in range(1, takeovers + 2):
            facts = {"run_id": run_id, "message_sequence": said[number], "attempt": attempt}
            told = attempt_deltas(run_id, attempt, nodes)
            conversation.append(RunStarted(**facts))
            lives = attempt > takeovers
            done = len(nodes) if lives else draw(st.integers(0, len(nodes)))
            for node in nodes[:done]:
                step = Step(kind="action", text=f"{node}")
                update = {"by": f"{attempt}.{node}"}
                conversation.append(
                    NodeCompleted(**facts, node=f"n{node}", step=node, update=update, steps=(step,))
                )
            nodes = nodes[done:]
            conversation.deltas += told[: draw(st.integers(0, len(told)))]
            if lives and number + 1 < count and number + 1 not in said and draw(st.booleans()):
                say(number + 1)
            if lives:
                conversation.append(ending(draw(st.sampled_from(ENDINGS)), facts, len(told)))
    return conversation


@st.composite
def arrivals(draw: st.DrawFn, log: Sequence[Recorded], deltas: Sequence[Delta]) -> list[Told]:
    """Both as they reach an edge: each in its own order, and before or behind the other by chance."""
    of_log = draw(st.permutations([True] * len(log) + [False] * len(deltas)))
    events, live = iter(log), iter(deltas)
    return [next(events) if is_event else next(live) for is_event in of_log]


@dataclass
class Case:
    """A conversation as it reaches who stays, and who comes when some of it is there.

    Attributes:
        rest: what reaches who comes after `known` events and `kept` deltas.
    """

    conversation: Conversation
    stayed: list[Told]
    known: int
    kept: int
    rest: list[Told]

    @property
    def past(self) -> list[Recorded]:
        return self.conversation.log[: self.known]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    made = draw(conversations())
    known, kept = draw(st.integers(0, len(made.log))), draw(st.integers(0, len(made.deltas)))
    return Case(
        made,
        draw(arrivals(made.log, made.deltas)),
        known,
        kept,
        draw(arrivals(made.log[known:], made.deltas[kept:])),
    )


def shown_in_room(room: Room, told: Sequence[Told]) -> list[Frame]:
    frames = [
        frame for each in told for frame in (room.hear(each) if isinstance(each, Delta) else room.see(each))
    ]
    while run_id := room.incomplete:
        frames += room.give_up(run_id)
    return frames


def place(frame: Frame) -> Position:
    return Position.parse(frame["id"])


def in_force(frames: Sequence[Frame]) -> list[Frame]:
    """What is left of a turn where a restart makes what came before it void."""
    left: list[Frame] = []
    for frame in frames:
        if frame.get("status") == "restart":
            left = [each for each in left if place(each).sequence != place(frame).sequence]
        else:
            left.append(frame)
    return left


def answered(past: Sequence[Recorded]) -> int:
    """The message up to which all are answered."""
    runs = [each.event for each in past if isinstance(each.event, RunEvent)]
    if not runs:
        return 0
    return runs[-1].message_sequence - (0 if isinstance(runs[-1], ENDS) else 1)


@given(cases())
def test_who_joins_a_room_late_is_shown_the_turn_in_progress_and_all_that_follows(case: Case) -> None:
    stayed = shown_in_room(Room(0), case.stayed)
    after = answered(case.past)
    late = shown_in_room(
        Room(after), [*case.past[after:], *case.conversation.deltas[: case.kept], *case.rest]
    )
    assert in_force(late) == [each for each in in_force(stayed) if place(each).sequence > after]


@given(cases(), st.data())
def test_who_comes_back_to_a_room_is_shown_what_it_has_missed(case: Case, data: st.DataObject) -> None:
    stayed = shown_in_room(Room(0), case.stayed)
    if not stayed:
        return
    last = data.draw(st.integers(0, len(stayed) - 1))
    position = place(stayed[last])
    if position.sequence > case.known:
        return  # an edge that has not heard of the message yet sends the client what it knows instead
    room = Room(position.sequence - 1, position)
    told: list[Told] = [*case.past[position.sequence - 1 :], *case.conversation.deltas[: case.kept]]
    frames = [
        frame for each in told for frame in (room.hear(each) if isinstance(each, Delta) else room.see(each))
    ]
    if not room.can_resume:
        assert (case.known, case.kept) != (len(case.conversation.log), len(case.conversation.deltas)) or lost(
            case.conversation
        )
        return
    frames += shown_in_room(room, case.rest)
    assert in_force([*stayed[: last + 1], *frames]) == in_force(stayed)


def lost(conversation: Conversation) -> bool:
    """Whether deltas of a run's last attempt were never published."""
    ends = [each.event for each in conversation.log if isinstance(each.event, RunEnded)]
    return any(
        end.deltas
        > sum((end.run_id, end.attempt) == (delta.run_id, delta.attempt) for delta in conversation.deltas)
        for end in ends
    )


def narrated(narration: Narration, told: Sequence[Told]) -> Iterator[tuple[Told, OctoFrame]]:
    for each in told:
        frames = narration.delta(each) if isinstance(each, Delta) else narration.event(each)
        for frame in frames:
            yield each, frame


def recorded_frames(shown: Sequence[tuple[Told, OctoFrame]], after: int) -> list[OctoFrame]:
    """What nodes did and how runs ended, of what the log told behind a place."""
    return [
        frame
        for told, frame in shown
        if isinstance(told, Recorded)
        and told.sequence > after
        and not isinstance(frame, ChainStart)
        and not (isinstance(frame, ChainEnd) and not frame.data)
    ]


def assert_starts_and_ends_match(shown: Sequence[tuple[Told, OctoFrame]]) -> None:
    running: list[str] = []
    for _, frame in shown:
        if isinstance(frame, ChainStart):
            running.append(frame.node)
        elif isinstance(frame, ChainEnd):
            running.remove(frame.node)
        elif not isinstance(frame, CustomEvent):
            assert running == []
    assert running == []


@given(cases())
def test_who_joins_an_octo_session_late_is_shown_all_that_is_recorded_from_then_on(case: Case) -> None:
    stayed = list(narrated(Narration(), case.stayed))
    late = list(narrated(Narration(), case.rest))
    assert recorded_frames(late, case.known) == recorded_frames(stayed, case.known)
    if case.conversation.log[-1:] and case.rest:
        assert_starts_and_ends_match(stayed)
        assert_starts_and_ends_match(late)


@given(cases())
def test_who_says_a_message_again_is_answered_as_who_waited(case: Case) -> None:
    said = [each for each in case.conversation.log if isinstance(each.event, MessageReceived)]
    for message in said:
        run = [
            each
            for each in case.conversation.log
            if isinstance(each.event, RunEvent) and each.event.run_id == message.id
        ]
        waited = [frame for each in run for frame in Answer("c", "m").encode(each)]
        came_back = Answer("c", "m")
        frames = [frame for each in run if each.sequence <= case.known for frame in came_back.encode(each)]
        frames += [frame for each in run if each.sequence > case.known for frame in came_back.encode(each)]
        assert [frame.type for frame in frames] == [frame.type for frame in waited]
        assert came_back.ended
