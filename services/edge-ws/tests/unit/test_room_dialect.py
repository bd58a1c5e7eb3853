"""The room protocol's frames and a connection's view of a room, from the protocol page."""

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Recorded
from contracts.events import (
    ConversationDeleted,
    Event,
    MessageReceived,
    Question,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunInterrupted,
    RunStarted,
)
from contracts.live import Delta
from contracts.trace import root_of
from protocols.room.dialect import NotUnderstood, Room, decode, state_of
from protocols.room.turn import Frame, Place, Position
from protocols.room.wire import SendCommand, StatusCommand

ONE = "00000000-0000-4000-8000-000000000001"
TWO = "00000000-0000-4000-8000-000000000002"

MESSAGES = {ONE: 1, TWO: 5}
"""Where each run's message stands in the log."""

Told = Recorded | Delta


def recorded(event: Event, sequence: int, identity: str = "e") -> Recorded:
    return Recorded(
        id=identity,
        conversation="room",
        event=event,
        occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        source="test",
        sequence=sequence,
        previous=sequence - 1,
    )


def said(run: str, sequence: int, text: str = "hello") -> Recorded:
    return recorded(MessageReceived(addressee="agent-runner", text=text, protocol="room"), sequence, run)


def facts(run: str, attempt: int = 1) -> dict[str, Any]:
    return {"run_id": run, "message_sequence": MESSAGES[run], "attempt": attempt}


def deltas(run: str, count: int, attempt: int = 1) -> list[Delta]:
    """A root's start, a node that is no event of LangChain's, and tokens."""
    root = str(root_of(run, attempt))
    kinds = ["on_chain_start", "node_started", *["on_chat_model_stream"] * (count - 2)]
    return [
        Delta(
            run_id=run,
            attempt=attempt,
            index=index,
            kind=kind,
            data={"run_id": root, "parent_ids": [], "tags": [], "data": {"attempt": attempt, "n": index}},
        )
        for index, kind in enumerate(kinds[:count])
    ]


def tell(room: Room, facts_and_deltas: Iterable[Told]) -> list[Frame]:
    return [
        frame
        for told in facts_and_deltas
        for frame in (room.hear(told) if isinstance(told, Delta) else room.see(told))
    ]


def turn(run: str, sequence: int, count: int = 5) -> list[Told]:
    return [
        said(run, sequence),
        recorded(RunStarted(**facts(run)), sequence + 1),
        *deltas(run, count),
        recorded(RunCompleted(**facts(run), text="whole", deltas=count), sequence + 2),
    ]


def numbers(frames: Iterable[Frame]) -> list[str]:
    return [frame["id"].split(".", 1)[1] for frame in frames]


def test_commands_are_decoded() -> None:
    sent = {"action": "sendmsg", "org_id": "o", "room_uid": "r", "user_id": "u", "msg": "안녕 반가워요"}
    assert decode('{"action":"status"}', "r") == StatusCommand(action="status")
    command = decode(json.dumps(sent), "r")
    assert isinstance(command, SendCommand)
    assert (command.msg, command.user_id) == ("안녕 반가워요", "u")


@pytest.mark.parametrize(
    ("frame", "names"),
    [
        ("no json", "JSON"),
        ("[]", "action"),
        ("{}", "action"),
        ('{"action":"leave"}', "action"),
        ('{"action":"sendmsg","msg":"x"}', "room_uid"),
        ('{"action":"sendmsg","room_uid":"r"}', "msg"),
        ('{"action":"sendmsg","room_uid":"r","msg":7}', "msg"),
        ('{"action":"sendmsg","room_uid":"r","msg":" "}', "msg"),
        ('{"action":"sendmsg","room_uid":"r","msg":"x","user_id":7}', "user_id"),
        ('{"action":"sendmsg","room_uid":"other","msg":"x"}', "room_uid"),
    ],
)
def test_what_is_not_understood_names_the_field(frame: str, names: str) -> None:
    with pytest.raises(NotUnderstood, match=names):
        decode(frame, "r")


@pytest.mark.parametrize(
    "text", ["", "7", ONE, "-1.1.1", "1.1", "1.1.x", "1.1.01", "1.1.2.3", "*.1.1", " 1.1.1"]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the message is of no interest to a client
        Position.parse(text)
    assert str(Position.parse("1.1.7")) == "1.1.7"


def test_a_turn_is_its_events_and_the_end_that_the_log_tells() -> None:
    frames = tell(Room(0), turn(ONE, 1, 4))
    assert [frame["event"] for frame in frames] == [
        "on_chain_start",
        "on_chat_model_stream",
        "on_chat_model_stream",
        "on_chain_end",
    ]
    assert numbers(frames) == ["1.1", "1.3", "1.4", "1.5"]
    assert frames[-1] == {
        "event": "on_chain_end",
        "data": {},
        "run_id": ONE,
        "parent_ids": [],
        "tags": [],
        "id": "1.1.5",
    }


@given(st.data())
def test_the_frames_do_not_depend_on_what_arrives_first(data: st.DataObject) -> None:
    """The log and the deltas are two streams, each in its order; deltas may come again."""
    log = [item for item in turn(ONE, 1) + turn(TWO, 5) if isinstance(item, Recorded)]
    live = deltas(ONE, 5) + deltas(TWO, 5)
    again = data.draw(st.integers(0, len(live)))
    streams: list[Sequence[Told]] = [log, live[:again] + live]
    mixed: list[Told] = []
    positions = [0, 0]
    while any(position < len(stream) for position, stream in zip(positions, streams, strict=True)):
        choice = data.draw(st.integers(0, 1))
        if positions[choice] == len(streams[choice]):
            choice = 1 - choice
        mixed.append(streams[choice][positions[choice]])
        positions[choice] += 1
    assert tell(Room(0), mixed) == tell(Room(0), turn(ONE, 1) + turn(TWO, 5))


def test_resuming_after_any_frame_gives_the_rest() -> None:
    told = turn(ONE, 1) + turn(TWO, 5)
    frames = tell(Room(0), told)
    for number, frame in enumerate(frames, start=1):
        position = Position.parse(frame["id"])
        behind = told if position.sequence == 1 else told[8:]
        room = Room(4 if position.sequence == 5 else 0, position)
        assert tell(room, behind) == frames[number:]
        assert room.can_resume


@pytest.mark.parametrize(
    ("told", "place"),
    [
        (turn(ONE, 1), Place(1, 7)),
        (turn(ONE, 1), Place(2, 0)),
        (turn(ONE, 1)[:-1], Place(1, 6)),
        (turn(ONE, 1)[:2], Place(1, 1)),
        ([said(ONE, 1)], Place(1, 1)),
        ([item for item in turn(ONE, 1) if not isinstance(item, Delta)], Place(1, 3)),
        (turn(ONE, 1)[:2] + turn(ONE, 1)[4:-1], Place(1, 2)),
        (turn(ONE, 1) + [item for item in turn(TWO, 5) if not isinstance(item, Delta)], Place(1, 2)),
    ],
    ids=[
        "behind the end", "no such attempt", "not there yet", "no deltas", "not begun", "expired",
        "partly expired", "a later turn expired",
    ],
)  # fmt: skip
def test_where_the_frames_behind_an_id_are_not_known_it_cannot_be_resumed(
    told: list[Told], place: Place
) -> None:
    room = Room(0, Position(1, place))
    tell(room, told)
    assert not room.can_resume


def test_behind_the_end_of_a_turn_nothing_of_it_is_needed() -> None:
    log = [item for item in turn(ONE, 1) if not isinstance(item, Delta)]
    room = Room(0, Position(1, Place(1, 6)))
    assert tell(room, log) == []
    assert room.can_resume


def test_a_takeover_voids_what_was_shown_and_tells_the_turn_again() -> None:
    begun: list[Told] = [said(ONE, 1), recorded(RunStarted(**facts(ONE)), 2), *deltas(ONE, 4)]
    late = deltas(ONE, 5)[4:]
    over: list[Told] = [
        recorded(RunStarted(**facts(ONE, 2)), 3),
        *late,
        *deltas(ONE, 3, attempt=2),
        recorded(RunCompleted(**facts(ONE, 2), text="whole", deltas=3), 4),
    ]
    room = Room(0)
    first, second = tell(room, begun), tell(room, over)
    assert second[0] == {"status": "restart", "msgtype": "info", "run_id": ONE, "id": "1.2.0"}
    assert numbers(second) == ["2.0", "2.1", "2.3", "2.4"]
    root = str(root_of(ONE, 2))
    assert {frame["run_id"] for frame in second[1:]} == {root} != {ONE}

    assert tell(Room(0), begun[:2] + over) == second[1:], "nothing was shown, so nothing is void"
    for number, frame in enumerate(first + second, start=1):
        resumed = Room(0, Position.parse(frame["id"]))
        rest = tell(resumed, begun[:2] + over) if number > len(first) else tell(resumed, begun + over)
        assert rest == (first + second)[number:]
    after_the_fact = Room(0, Position.parse(first[0]["id"]))
    assert tell(after_the_fact, [*begun[:2], over[0], *over[2:]]) == second


def test_where_deltas_were_lost_the_whole_text_stands_for_them() -> None:
    told = turn(ONE, 1)
    room = Room(0)
    frames = tell(room, told[:4] + told[5:])
    assert numbers(frames) == ["1.1"]
    assert room.incomplete == ONE
    assert room.give_up(TWO) == []
    rest = room.give_up(ONE)
    assert [(frame["event"], frame["data"]) for frame in rest] == [
        (
            "on_chain_stream",
            {
                "chunk": {
                    "model": {"messages": [{"role": "assistant", "content": "whole", "tool_calls": None}]}
                }
            },
        ),
        ("on_chain_end", {}),
    ]
    assert rest[-1]["id"] == tell(Room(0), told)[-1]["id"]
    assert room.incomplete is None


def test_where_all_deltas_were_lost_the_root_still_begins() -> None:
    room = Room(0)
    tell(room, [item for item in turn(ONE, 1) if not isinstance(item, Delta)])
    rest = room.give_up(ONE)
    assert [frame["event"] for frame in rest] == ["on_chain_start", "on_chain_stream", "on_chain_end"]
    assert numbers(rest) == ["1.1", "1.5", "1.6"]


@pytest.mark.parametrize(
    ("end", "events"),
    [
        (RunFailed(**facts(ONE), error="no"), [("on_chain_start", {}), ("on_chain_error", {"error": "no"})]),
        (
            RunCancelled(**facts(ONE)),
            [("on_chain_start", {}), ("on_chain_error", {"error": "the run was cancelled"})],
        ),
        (
            RunInterrupted(
                **facts(ONE),
                questions=(Question(interrupt_id="i", question="Shall I?", value={"ask": "Shall I?"}),),
            ),
            [
                ("on_chain_start", {}),
                (
                    "on_chain_stream",
                    {"chunk": {"__interrupt__": [{"id": "i", "value": {"ask": "Shall I?"}}]}},
                ),
                ("on_chain_end", {}),
            ],
        ),
    ],
)
def test_other_ends(end: Event, events: list[Any]) -> None:
    frames = tell(Room(0), [said(ONE, 1), recorded(end, 2), *turn(TWO, 5)])
    assert [(frame["event"], frame["data"]) for frame in frames[: len(events)]] == events
    assert len({frame["id"] for frame in frames}) == len(frames)
    assert {frame["run_id"] for frame in frames[len(events) :]} == {TWO}


def test_a_deletion_ends_the_turn_in_progress() -> None:
    room = Room(0)
    frames = tell(room, [*turn(ONE, 1)[:4], recorded(ConversationDeleted(), 3), *turn(TWO, 5)])
    assert [frame["event"] for frame in frames[:2]] == ["on_chain_start", "on_chain_error"]
    assert {frame["run_id"] for frame in frames[2:]} == {TWO}


def test_old_turns_are_not_shown() -> None:
    assert tell(Room(4), turn(ONE, 1)) == []


def test_the_state_is_what_was_said() -> None:
    log = [item for item in turn(ONE, 1) if not isinstance(item, Delta)]
    state = state_of([*log, said(TWO, 5, "and?")])
    assert [(message.role, message.content) for message in state.messages] == [
        ("user", "hello"),
        ("assistant", "whole"),
        ("user", "and?"),
    ]
    assert (state.total, state.id) == (3, "1.1.6")
    assert state_of([]).id is None
