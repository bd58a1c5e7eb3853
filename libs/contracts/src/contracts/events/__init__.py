"""Every event of the system; `REGISTERED` is the list that the registry is built from."""

from contracts.events.base import Event, Work
from contracts.events.checkpoint import CheckpointSaved, CheckpointsRemoved, WritesSaved
from contracts.events.conversation import ConversationDeleted, ConversationStarted, ForkOrigin
from contracts.events.document import DocumentDeleted, DocumentSaved
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
    RunStarted,
    Step,
    StepKind,
    ToolCalled,
    ToolReturned,
)
from contracts.events.unrecognized import Unrecognized
from contracts.events.voice import VoiceSessionClaimed

REGISTERED: tuple[type[Event], ...] = (
    ConversationStarted,
    ConversationDeleted,
    MessageReceived,
    AnswerReceived,
    CancelRequested,
    RunStarted,
    NodeCompleted,
    RunInterrupted,
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
    DocumentSaved,
    DocumentDeleted,
    VoiceSessionClaimed,
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
    "DocumentDeleted",
    "DocumentSaved",
    "Event",
    "ForkOrigin",
    "MessageReceived",
    "NodeCompleted",
    "RunCancelled",
    "RunCompleted",
    "RunEvent",
    "RunFailed",
    "RunInterrupted",
    "RunStarted",
    "StageAnswered",
    "Step",
    "StepKind",
    "ToolCalled",
    "ToolReturned",
    "Unrecognized",
    "VoiceSessionClaimed",
    "Work",
    "WritesSaved",
]
