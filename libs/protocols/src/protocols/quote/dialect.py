"""The quote protocol's answers from what the log says: a conversation's status, a reply as a stream. Pure.

A reply's events are numbered: its tokens from 0, then the quotation if there is one, then the end. Cut from
the logged text they have the numbers that they had when they were made, so any replica can go on with them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    AnswerReceived,
    ConversationDeleted,
    MessageReceived,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunInterrupted,
)
from contracts.events.quote import Quote
from contracts.live import Delta
from protocols.quote.wire import (
    CompleteEvent,
    ContentEvent,
    ConversationName,
    QuoteEvent,
    SendRequest,
    SendResponse,
    StatusResponse,
    StreamEvent,
    tokens,
)

STAGES: Final = 4
_PLACE: Final = re.compile(r"([0-9a-f-]{36})\.([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Place:
    """One event of a reply; as text it is the event's id on the wire."""

    run_id: str
    index: int

    def __str__(self) -> str:
        return f"{self.run_id}.{self.index}"

    @classmethod
    def parse(cls, text: str | None) -> "Place | None":
        """The inverse of `str`; None for anything else."""
        match = _PLACE.fullmatch(text or "")
        return cls(match[1], int(match[2])) if match else None


Numbered: TypeAlias = tuple[Place, StreamEvent]


def text_of(end: RunEvent) -> str:
    """What the end of a run tells the user."""
    match end:
        case RunCompleted(text=text) | RunInterrupted(question=text) | RunFailed(error=text):
            return text
        case _:
            return ""


def quote_of(end: RunEvent) -> Quote | None:
    """The quotation that came with a reply."""
    output = end.output if isinstance(end, RunCompleted) else None
    if not isinstance(output, dict) or output.keys() != Quote.model_fields.keys():
        return None  # another responder's output, for a conversation that another protocol opened
    return Quote.model_validate(output)


def status(
    name: ConversationName, start: Recorded, said: Recorded | None, run: Recorded | None
) -> StatusResponse:
    """Where a conversation stands.

    Args:
        start: the event it began with.
        said: the newest message.
        run: the newest event of any run.
    """
    end = run.event if run and isinstance(run.event, ENDS) else None
    if said is None or run is None or end is None or end.message_sequence < said.sequence:
        newest = said or start
        return StatusResponse(
            userId=name.userId,
            threadNum=name.threadNum,
            timestamp=newest.occurred_at,
            status="pending",
            content="",
        )
    return StatusResponse(
        userId=name.userId,
        threadNum=name.threadNum,
        timestamp=run.occurred_at,
        status="completed" if isinstance(end, RunCompleted | RunInterrupted) else "error",
        content=text_of(end),
        quote=quote_of(end),
    )


def sent(request: SendRequest, end: RunEvent | None) -> SendResponse:
    """The answer to a send; `end` is that of the message's run, if it is known."""
    quote = quote_of(end) if end else None
    done = end is not None and quote is not None
    return SendResponse(
        userId=request.userId,
        threadNum=request.threadNum,
        timestamp=request.moment,
        status="completed" if done else "pending",
        content=text_of(end) if end and done else None,
        quote=quote,
    )


@dataclass(slots=True)
class ReplyStream:
    """The events of one reply for one client: as deltas bring them, and from the log what they did not bring.

    Attributes:
        run_id: whose reply it is; None for that to the next message.
        next: number of the next event.
        ended: the client has the whole reply, or can get no more of it.
    """

    run_id: str | None
    next: int = 0
    ended: bool = False
    _heard: dict[str, dict[int, str]] = field(default_factory=dict)
    _said: dict[int, str] = field(default_factory=dict)
    _later: list[str] = field(default_factory=list)

    def hear(self, delta: Delta, now: datetime) -> Iterator[Numbered]:
        """What a delta adds; a token's `index` is its number."""
        if delta.kind != "token" or self.ended:
            return
        self._heard.setdefault(delta.run_id, {})[delta.index] = str(delta.data)
        if delta.run_id == self.run_id:
            yield from self._speak(now)

    def read(self, recorded: Recorded) -> Iterator[Numbered]:
        """What an event of the log adds; they have to come from the message on, or from behind it."""
        if self.ended:
            return
        match recorded.event:
            case MessageReceived() | AnswerReceived() if recorded.id != self.run_id:
                self._later.append(recorded.id)
                if self.run_id is None:
                    yield from self._take_next(recorded.occurred_at)
            case RunEvent(run_id=run_id) as end if isinstance(end, ENDS):
                if run_id == self.run_id:
                    yield from self._finish(end, recorded.occurred_at)
                self._heard.pop(run_id, None)
            case ConversationDeleted():
                self.ended = True

    def _speak(self, now: datetime) -> Iterator[Numbered]:
        heard = self._heard.get(self.run_id or "", {})
        while (token := heard.get(self.next)) is not None:
            self._said[self.next] = token
            yield self._numbered(ContentEvent(data=token, timestamp=now))

    def _finish(self, end: RunEvent, at: datetime) -> Iterator[Numbered]:
        words, quote = tokens(text_of(end)), quote_of(end)
        events: list[StreamEvent] = [
            *(ContentEvent(data=token, timestamp=at) for token in words),
            *([QuoteEvent(data=quote, timestamp=at)] if quote else []),
            CompleteEvent(timestamp=at),
        ]
        if self.next >= len(events):  # the client had it all when it came back, and waits for the next reply
            self.run_id = None
            yield from self._take_next(at)
            return
        self.ended = True
        if any(index >= len(words) or words[index] != token for index, token in self._said.items()):
            return  # an attempt that was taken over had begun with other words: no client gets a mixture
        for event in events[self.next :]:
            yield self._numbered(event)

    def _take_next(self, now: datetime) -> Iterator[Numbered]:
        if self._later:
            self.run_id, self.next = self._later.pop(0), 0
            yield from self._speak(now)

    def _numbered(self, event: StreamEvent) -> Numbered:
        place = Place(self.run_id or "", self.next)
        self.next += 1
        return place, event
