"""Every event of the system; `REGISTERED` is the list that the registry is built from."""

from collections.abc import Mapping

from contracts.events.assistant import ASSISTANT_RESPONDER, AssistantSaved, AssistantVersionChosen
from contracts.events.base import Event, Upcaster, Work
from contracts.events.checkpoint import CheckpointSaved, CheckpointsRemoved, WritesSaved
from contracts.events.conversation import (
    ConversationArchived,
    ConversationDeleted,
    ConversationStarted,
    ForkOrigin,
)
from contracts.events.document import DocumentDeleted, DocumentSaved
from contracts.events.errand import RunScheduled, WebhookAnswered, WebhookTried
from contracts.events.message import AnswerReceived, CancelRequested, MessageReceived
from contracts.events.metering import ModelUsage, RunMetered
from contracts.events.placeholder import Unread, Unrecognized
from contracts.events.quote import CrisisAnswered, StageAnswered
from contracts.events.request import MetadataChanged, Origin, RequestTaken, RunForgotten, RunRequested
from contracts.events.run import (
    ENDS,
    CallReturned,
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
    StepKind,
    ToolCalled,
    ToolReturned,
    asked_once,
    open_after,
)
from contracts.events.store import ItemDeleted, ItemPut, ItemsRefreshed, NamespaceClaimed
from contracts.events.streaming import Part, PatchedFrame, RunStreamed, StatesStreamed
from contracts.events.voice import (
    ReplySpoken,
    UserSpoke,
    VoiceSessionClaimed,
    VoiceSessionCreated,
    VoiceSessionEnded,
    VoiceSessionOpened,
    VoiceSettingsChanged,
    VoiceToolCalled,
    VoiceToolReturned,
)

REGISTERED: tuple[type[Event], ...] = (
    ConversationStarted,
    ConversationDeleted,
    ConversationArchived,
    MessageReceived,
    AnswerReceived,
    CancelRequested,
    RunRequested,
    MetadataChanged,
    RequestTaken,
    RunForgotten,
    RunScheduled,
    WebhookTried,
    WebhookAnswered,
    AssistantSaved,
    AssistantVersionChosen,
    RunStarted,
    RunStreamed,
    StatesStreamed,
    NodeCompleted,
    RunMetered,
    RunInterrupted,
    RunCompleted,
    RunFailed,
    RunCancelled,
    ToolCalled,
    ToolReturned,
    CallReturned,
    CheckpointSaved,
    WritesSaved,
    CheckpointsRemoved,
    VoiceSessionCreated,
    VoiceSettingsChanged,
    VoiceSessionClaimed,
    UserSpoke,
    ReplySpoken,
    VoiceSessionEnded,
    VoiceSessionOpened,
    VoiceToolCalled,
    VoiceToolReturned,
    StageAnswered,
    CrisisAnswered,
    DocumentSaved,
    DocumentDeleted,
    ItemPut,
    ItemDeleted,
    ItemsRefreshed,
    NamespaceClaimed,
)

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {
    (NodeCompleted.type, 1): lambda payload: payload,
    (NodeCompleted.type, 2): lambda payload: payload,
    (RunStreamed.type, 1): lambda payload: payload,
    (RunInterrupted.type, 1): asked_once,
    (RunFailed.type, 1): lambda payload: payload,
    (AnswerReceived.type, 1): lambda payload: payload,
}

GRAPH_STATE: tuple[type[Event], ...] = (CheckpointSaved, WritesSaved)
"""Most of the log's bytes, and of use only to whoever runs graphs."""

SHOWN: tuple[type[Event], ...] = (RunStreamed, StatesStreamed)
"""What was streamed: of use only to whoever streams it again."""

__all__ = [
    "ASSISTANT_RESPONDER",
    "ENDS",
    "GRAPH_STATE",
    "REGISTERED",
    "SHOWN",
    "UPCASTERS",
    "AnswerReceived",
    "AssistantSaved",
    "AssistantVersionChosen",
    "CallReturned",
    "CancelRequested",
    "CheckpointSaved",
    "CheckpointsRemoved",
    "ConversationArchived",
    "ConversationDeleted",
    "ConversationStarted",
    "CrisisAnswered",
    "DocumentDeleted",
    "DocumentSaved",
    "Event",
    "ForkOrigin",
    "ItemDeleted",
    "ItemPut",
    "ItemsRefreshed",
    "MessageReceived",
    "MetadataChanged",
    "ModelUsage",
    "NamespaceClaimed",
    "NodeCompleted",
    "Origin",
    "Part",
    "PatchedFrame",
    "Question",
    "ReplySpoken",
    "RequestTaken",
    "RunCancelled",
    "RunCompleted",
    "RunEnded",
    "RunEvent",
    "RunFailed",
    "RunForgotten",
    "RunInterrupted",
    "RunMetered",
    "RunRequested",
    "RunScheduled",
    "RunStarted",
    "RunStreamed",
    "StageAnswered",
    "StatesStreamed",
    "Step",
    "StepKind",
    "ToolCalled",
    "ToolReturned",
    "Unread",
    "Unrecognized",
    "UserSpoke",
    "VoiceSessionClaimed",
    "VoiceSessionCreated",
    "VoiceSessionEnded",
    "VoiceSessionOpened",
    "VoiceSettingsChanged",
    "VoiceToolCalled",
    "VoiceToolReturned",
    "WebhookAnswered",
    "WebhookTried",
    "Work",
    "WritesSaved",
    "open_after",
]
