"""What a conversation came to, without what differs from time to time: ids, times, positions, attempts.

Two conversations held alike have equal stories, whatever was killed meanwhile.
"""

import asyncio
import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.chaos.fleet import ANSWER_SECONDS, Fleet

from agent_runner.engine.checkpointer import LogCheckpointSaver
from contracts.envelope import Recorded
from contracts.events import (
    CallReturned,
    CheckpointSaved,
    CrisisAnswered,
    NodeCompleted,
    RunCompleted,
    RunEvent,
    RunStarted,
    RunStreamed,
    StageAnswered,
    StatesStreamed,
    ToolCalled,
    WritesSaved,
)
from eventlog.author import Author
from eventlog.ports import Log, Unavailable

_IDENTITY = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|doc-[0-9a-f]{12}|\b[0-9a-f]{32}\b"
)
LONGEST = 300
_NOT_TOLD = {"message_sequence", "attempt", "deltas", "candidates", "checkpoints"}


@dataclass(frozen=True)
class Story:
    """What can be compared.

    Attributes:
        seen: what the client was sent, turn by turn.
        events: the facts in the log.
        state: the channels of the newest checkpoint, where a graph keeps one.
        history: what the projection says.
    """

    seen: list[str]
    events: list[str]
    state: str
    history: list[str]


def difference(expected: Story, found: Story) -> str:
    """What two stories have not in common, line by line."""
    lines = difflib.unified_diff(_lines(expected), _lines(found), "expected", "found", lineterm="", n=1)
    return "\n".join(line[:LONGEST] for line in lines)


def _lines(story: Story) -> list[str]:
    return [*story.seen, *story.events, story.state, *story.history]


async def story_of(fleet: Fleet, log: Log, conversation: str, seen: Iterable[Any]) -> Story:
    """Read everything there is about a conversation; again where nats-server has only just come back."""
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            try:
                return await _read(fleet, log, conversation, seen)
            except Unavailable:
                await asyncio.sleep(0.05)


async def _read(fleet: Fleet, log: Log, conversation: str, seen: Iterable[Any]) -> Story:
    events = [event async for event in log.read(conversation)]
    saver = LogCheckpointSaver(log, Author(source="test"))
    newest = await saver.aget_tuple({"configurable": {"thread_id": conversation}})
    state = newest.checkpoint["channel_values"] if newest else {}
    names: dict[str, str] = {conversation: "<conversation>"} | {
        json.dumps(text, ensure_ascii=False)[1:-1]: f"<reply {number}>"
        for number, text in enumerate(_worded_by_key(events))
    }
    return Story(
        seen=[nameless(turn, names) for turn in seen],
        events=[nameless(told, names) for told in _told(events)],
        state=nameless({name: state[name] for name in sorted(state)}, names),
        history=[
            nameless((entry["role"], entry["step_type"], entry["content"]), names)
            for entry in await fleet.history(conversation)
        ],
    )


def _worded_by_key(events: Sequence[Recorded]) -> list[str]:
    """The replies whose wording varies with the conversation's key: those of quote talks."""
    if not any(isinstance(each.event, StageAnswered | CrisisAnswered) for each in events):
        return []
    return [each.event.text for each in events if isinstance(each.event, RunCompleted)]


def _told(events: Iterable[Recorded]) -> Iterable[Any]:
    """The facts; those that a takeover states again count once."""
    calls: set[str] = set()
    for recorded in events:
        event = recorded.event
        match event:
            case RunStarted() if event.attempt > 1:
                continue
            case RunStreamed() | StatesStreamed():
                continue  # how much of a stream is kept at once depends on the time it takes
            case ToolCalled():
                if event.call_id in calls:
                    continue
                calls.add(event.call_id)
            case CallReturned():
                yield event.type, event.name  # what it gave is packed, identities within; the state tells it
                continue
            case CheckpointSaved():
                yield _state(event)
                continue
            case NodeCompleted():
                yield from map(_state, event.checkpoints)
            case WritesSaved():
                yield event.type, event.namespace, [[w.channel for w in t.writes] for t in event.tasks]
                continue
            case _:
                pass
        left_out = _NOT_TOLD if isinstance(event, RunEvent) else set()
        yield event.type, event.model_dump(mode="json", exclude=left_out)


def _state(saved: CheckpointSaved) -> tuple[Any, ...]:
    """A checkpoint, whose values the newest state tells."""
    return saved.type, saved.namespace, sorted(saved.changed)


def nameless(value: Any, names: dict[str, str]) -> str:
    """The value as text, with each identity replaced by the order in which it first came up."""

    def name(found: re.Match[str]) -> str:
        return names.setdefault(found[0], f"<{len(names)}>")

    text = json.dumps(value, ensure_ascii=False, default=repr)
    for said, label in names.items():
        if label.startswith(("<conversation", "<reply")):
            text = text.replace(said, label)
    return _IDENTITY.sub(name, text)
