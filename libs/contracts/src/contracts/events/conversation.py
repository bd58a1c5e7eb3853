"""The life of a conversation."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from contracts.events.base import Event


class ForkOrigin(BaseModel):
    """The checkpoint a forked conversation began from."""

    model_config = ConfigDict(frozen=True)

    conversation: str
    checkpoint_id: str


class ConversationStarted(Event):
    """A key was used for the first time, or for the first time after a deletion.

    Attributes:
        responder_name: the service that answers, fixed for the life of the conversation.
        graph: which of the responder's graphs answers; empty where it has only one way.
        protocol: the wire protocol it was opened by.
        user_id: the user it is listed under, without proof of identity.
        owner: the authenticated user it belongs to; None where anyone may read it.
        forked_from: the conversation and the checkpoint that it goes on from, where it is a fork.
    """

    type: ClassVar[str] = "conversation.started"

    responder_name: str
    graph: str = ""
    protocol: str
    user_id: str | None = None
    owner: str | None = None
    forked_from: ForkOrigin | None = None


class ConversationDeleted(Event):
    """From here on every read answers "not found"; the key may be used again."""

    type: ClassVar[str] = "conversation.deleted"


class ConversationArchived(Event):
    """The conversation was quiet for long and is in a file now; its events leave the log, this one too.

    Nothing is appended after it: the conversation is brought back first.

    Attributes:
        file: where it is within the archive.
        events: how many are in the file.
        listed: how the projection lists it until it is used again.
    """

    type: ClassVar[str] = "conversation.archived"

    file: str
    events: int
    listed: Mapping[str, Any]
