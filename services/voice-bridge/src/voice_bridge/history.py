"""The conversation so far as a speech engine's own model is told of it, spoken and written. Pure."""

from collections.abc import Iterable, Sequence

from contracts.envelope import Recorded
from contracts.events import (
    MessageReceived,
    ReplySpoken,
    RunCompleted,
    RunInterrupted,
    UserSpoke,
)
from voice_bridge.ports import Said
from voice_bridge.recorder import PROTOCOL

PATTERNS = ("voice.>", f"{MessageReceived.type}.>", RunCompleted.type, RunInterrupted.type)
"""The events that it is made of."""


def said(events: Iterable[Recorded]) -> Sequence[Said]:
    """What was said, in the order of the events; of what was spoken only what was heard."""
    messages: list[Said] = []
    written: set[str] = set()
    for recorded in events:
        match recorded.event:
            case UserSpoke(transcript=text) if text:
                messages.append(Said("user", text))
            case ReplySpoken() as spoken if spoken.generated:
                messages.append(Said("assistant", spoken.as_heard))
            case MessageReceived(protocol=protocol, text=text) if protocol != PROTOCOL:
                written.add(recorded.id)
                messages.append(Said("user", text))
            case RunCompleted(run_id=run_id, text=text) | RunInterrupted(run_id=run_id, question=text) if (
                run_id in written
            ):
                messages.append(Said("assistant", text))
    return messages
