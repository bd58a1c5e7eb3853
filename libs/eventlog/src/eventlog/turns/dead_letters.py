"""Dead letters: what could not be handled after its last delivery, with the reason and where it came from."""

from collections.abc import AsyncIterator

from pydantic import BaseModel, ConfigDict

from contracts import subjects
from contracts.envelope import Recorded
from contracts.events import REGISTERED, UPCASTERS, ConversationStarted, MessageReceived, RunFailed
from contracts.registry import Registry
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.outage import OUTAGE
from eventlog.ports import Conflict, Log, LogError, Unavailable
from eventlog.settings import NatsSettings
from eventlog.stored import StreamReader
from eventlog.turns.inbox import ATTEMPTS, Inbox


class NoSuchLetter(LogError):
    """A dead letter that is not there, or cannot be dealt with in that way."""


class DeadLetter(BaseModel):
    """One event that a service gave up on.

    Attributes:
        sequence: the event's position in the log, where it still is.
    """

    model_config = ConfigDict(frozen=True)

    service: str
    conversation: str
    sequence: int
    event_id: str
    reason: str


async def put(broker: Broker, letter: DeadLetter, *, timeout_seconds: float) -> None:
    """Put a letter into DEAD and wait until it is stored; the same letter twice is stored once.

    Raises:
        Unavailable: if it could not be stored.
    """
    try:
        await broker.client.jetstream().publish(
            subjects.dead(letter.service, letter.conversation),
            letter.model_dump_json().encode(),
            timeout=timeout_seconds,
            headers={"Nats-Msg-Id": f"{letter.service}:{letter.event_id}"},
        )
    except OUTAGE as error:
        raise Unavailable(f"dead letter of {letter.event_id}: {error or type(error).__name__}") from error
    broker.metrics.dead_letters.inc()


class DeadLetters:
    """Takes the messages that one service gives up."""

    def __init__(self, broker: Broker, log: Log, author: Author, timeout_seconds: float) -> None:
        self._broker = broker
        self._log = log
        self._author = author
        self._timeout = timeout_seconds

    async def put(self, work: Recorded, reason: str) -> None:
        """Keep the message as a dead letter. Raises as the function `put`."""
        letter = DeadLetter(
            service=self._author.source,
            conversation=work.conversation,
            sequence=work.sequence,
            event_id=work.id,
            reason=reason,
        )
        await put(self._broker, letter, timeout_seconds=self._timeout)

    async def give_up(self, work: Recorded, attempt: int, reason: str) -> None:
        """Keep the message as a dead letter, and let its conversation know that its run has failed.

        The conversation is not read, since that may be what fails.

        Raises:
            LogError: if either could not be stored.
        """
        await self.put(work, reason)
        failed = RunFailed(
            run_id=work.id, message_sequence=work.sequence, attempt=attempt, error=reason, code="refused"
        )
        envelope = self._author.envelope(work.conversation, failed, causation_id=work.id)
        for _ in range(ATTEMPTS):
            try:
                await self._log.append([envelope], expected=await self._log.tail(work.conversation))
            except Conflict:
                continue
            return
        raise Unavailable(f"conversation {work.conversation!r} is too busy")


class DeadLetterQueue:
    """The dead letters as an operator deals with them; `number` is a letter's place in DEAD."""

    def __init__(self, broker: Broker, settings: NatsSettings, source: str) -> None:
        """`source` is who says again what is retried."""
        self._broker = broker
        self._source = source
        self._settings = settings
        self._reader = StreamReader(broker.client, subjects.DEAD_STREAM, settings.request_timeout)

    async def letters(self, *, after: int = 0) -> AsyncIterator[tuple[int, DeadLetter]]:
        """All of them behind a number, oldest first."""
        async for stored in self._reader.range(subjects.DEAD_SUBJECTS, after=after):
            yield stored.sequence, DeadLetter.model_validate_json(stored.payload)

    async def letter(self, number: int) -> DeadLetter:
        """One of them.

        Raises:
            NoSuchLetter: if there is none of that number.
        """
        stored = await self._reader.next(subjects.DEAD_SUBJECTS, after=number - 1)
        if stored is None or stored.sequence != number:
            raise NoSuchLetter(f"there is no dead letter {number}")
        return DeadLetter.model_validate_json(stored.payload)

    async def retry(self, number: int) -> int:
        """Say again what was given up, as a new message, and drop the letter; the new message's sequence.

        Raises:
            NoSuchLetter: as `letter`, and where what it names cannot be said again.
        """
        letter = await self.letter(number)
        log = JetStreamLog(self._broker, Registry(REGISTERED, UPCASTERS), self._settings)
        found = await log.next(letter.conversation, ">", after=letter.sequence - 1)
        if found is None or found.sequence != letter.sequence or not isinstance(found.event, MessageReceived):
            raise NoSuchLetter(f"dead letter {number} names no message that can be said again")
        inbox = Inbox(log, Author(source=self._source))
        start = await inbox.standing(letter.conversation)
        if (
            start is None
            or start.sequence > found.sequence
            or not isinstance(start.event, ConversationStarted)
        ):
            raise NoSuchLetter(f"the conversation of dead letter {number} was deleted")
        said = found.event.model_copy(update={"message_id": f"retried {number} {found.id}"})
        receipt = await inbox.receive(letter.conversation, said, start.event)
        await self.drop(number)
        return receipt.sequence

    async def drop(self, number: int) -> None:
        """Remove a letter. Raises as `letter`."""
        await self.letter(number)
        await self._broker.client.jetstream().delete_msg(subjects.DEAD_STREAM, number)
