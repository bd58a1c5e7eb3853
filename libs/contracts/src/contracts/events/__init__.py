"""Every event of the system; `REGISTERED` is the list that the registry is built from."""

from contracts.events.base import Event, Work
from contracts.events.checkpoint import CheckpointSaved, CheckpointsRemoved, WritesSaved
from contracts.events.conversation import ConversationDeleted, ConversationStarted, ForkOrigin
from contracts.events.message import AnswerReceived, CancelRequested, MessageReceived
from contracts.events.quote import CrisisAnswered, StageAnswered
from contracts.events.run import (
    ENDS,
    NodeCompleted,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunInterrupted,
    RunResumed,
    RunStarted,
    Step,
    ToolCalled,
    ToolReturned,
)

REGISTERED: tuple[type[Event], ...] = (
    ConversationStarted,
    ConversationDeleted,
    MessageReceived,
    AnswerReceived,
    CancelRequested,
    RunStarted,
    NodeCompleted,
    RunInterrupted,
    RunResumed,
    RunCompleted,
    RunFailed,
    RunCancelled,
    ToolCalled,
    ToolReturned,
    CheckpointSaved,
    WritesSaved,
    CheckpointsRemoved,
    StageAnswered,
    CrisisAnswered,
)

__all__ = [
    "ENDS",
    "REGISTERED",
    "AnswerReceived",
    "CancelRequested",
    "CheckpointSaved",
    "CheckpointsRemoved",
    "ConversationDeleted",
    "ConversationStarted",
    "CrisisAnswered",
    "Event",
    "ForkOrigin",
    "MessageReceived",
    "NodeCompleted",
    "RunCancelled",
    "RunCompleted",
    "RunEvent",
    "RunFailed",
    "RunInterrupted",
    "RunResumed",
    "RunStarted",
    "StageAnswered",
    "Step",
    "ToolCalled",
    "ToolReturned",
    "Work",
    "WritesSaved",
]
