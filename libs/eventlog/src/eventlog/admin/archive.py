"""Conversations that have been quiet for long move into files, and come back when somebody returns to them.

The way there: the file is written and read back; `ConversationArchived` is appended, behind which nobody
appends; the index notes it (`eventlog.archived`); the projection has seen it; the events are purged. The way
back: a note that it is being brought back; the events are appended; the index forgets it; the file goes.

Whoever is cut off anywhere, and however many do it at once: each step can be done again, and in time `resume`
does it. What `ConversationArchived` has begun is always ended, so that there is only one way to go.
"""

import asyncio
import gzip
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from contracts import subjects
from contracts.envelope import Recorded
from contracts.events import REGISTERED, UPCASTERS, ConversationArchived, ConversationDeleted
from contracts.queries import QUIET, Quiet, QuietConversation, QuietQuery
from contracts.registry import Registry
from eventlog import sharding
from eventlog.admin.erasing import Deletion, Erased, Unknown, erase, projected, remove
from eventlog.admin.portable import NotPortable, batches, has_open_work, read
from eventlog.admin.porter import Porter
from eventlog.admin.storage import Storage
from eventlog.archived import Archived, ArchiveIndex
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.ports import Conflict, LogError
from eventlog.query import ask
from eventlog.returning import RECENTLY_SECONDS
from eventlog.settings import NatsSettings
from eventlog.stored import LogReader, StreamReader

logger = logging.getLogger(__name__)

LEAST_QUIET: Final = timedelta(seconds=2 * RECENTLY_SECONDS)
"""Nobody is in the middle of beginning a conversation that has been quiet for this long."""
PAGE: Final = 100
AT_ONCE: Final = 8
ASK_SECONDS: Final = 10.0
LARGEST_LISTED: Final = 4096
"""Characters of what the index keeps of a conversation; one with more labels stays in the log."""


class Archive:
    """Archives conversations and brings them back, as the operator."""

    def __init__(self, broker: Broker, nats: NatsSettings, storage: Storage) -> None:
        self._broker = broker
        self._nats = nats
        self._storage = storage
        self._log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), nats, returns=False)
        self._author = Author(source="parley")
        self._reader = LogReader(broker.client, broker.streams, nats.request_timeout)
        self._dead = StreamReader(broker.client, subjects.DEAD_STREAM, nats.request_timeout)
        self._index = ArchiveIndex(broker.client, nats.request_timeout)
        self._porter = Porter(broker, nats)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def sweep(self, quiet_for: timedelta) -> int:
        """Archive every conversation that has been quiet for so long; how many.

        Raises:
            LogError: if the log, the projection or the archive does not answer.
        """
        moment = datetime.now(UTC) - max(quiet_for, LEAST_QUIET)
        return sum([await self._sweep(stream, moment) for stream in range(self._log.streams)])

    async def _sweep(self, stream: int, moment: datetime) -> int:
        before = await self._sequence_at(stream, moment)
        after, count = sharding.beginning(stream), 0
        known = await self._log.position(stream)
        while page := await self._quiet(QuietQuery(before=before, after=after, limit=PAGE, at_least=known)):
            count += await self.put_away(page)
            after = page[-1].last_sequence
        return count

    async def only(self, conversation: str) -> bool:
        """Archive one conversation; whether it is archived then. Raises as `sweep`."""
        stream = sharding.stream_of(conversation, self._log.streams)
        before = await self._sequence_at(stream, datetime.now(UTC) - LEAST_QUIET)
        known = await self._log.position(stream)
        found = await self._quiet(QuietQuery(before=before, key=conversation, at_least=known))
        await self.put_away(found)
        return await self._index.find(conversation) is not None

    async def put_away(self, quiet: Sequence[QuietConversation]) -> int:
        """Archive those of some quiet conversations that may be; how many. Raises as `sweep`."""

        async def begin(each: QuietConversation) -> Recorded | None:
            async with self._places:
                return await self._begin(each)

        begun = await asyncio.gather(*map(begin, quiet), return_exceptions=True)
        count = await self._end([event for event in begun if isinstance(event, Recorded)])
        for problem in begun:
            if isinstance(problem, BaseException):
                raise problem
        return count

    async def bring_back(self, conversation: str) -> int:
        """Have a conversation in the log, whole; how many events were appended.

        Raises:
            NotPortable: if its file is lost or damaged.
            LogError: if the log or the archive does not answer.
        """
        lock = self._locks.setdefault(conversation, asyncio.Lock())
        async with lock, self._places:
            newest = await self._log.last(conversation, ">")
            if newest and isinstance(newest.event, ConversationArchived):
                await self._note(newest)
                await self._remove([newest])
            if (archived := await self._index.find(conversation)) is None:
                await self._index.end_return(conversation)
                return 0
            await self._index.begin_return(conversation)
            count = 0
            if newest is None or newest.restored or isinstance(newest.event, ConversationArchived):
                count = await self._porter.restore(conversation, read(await self._lines(archived))[1])
            await self._index.remove(conversation, archived.sequence)
            await self._index.end_return(conversation)
            await self._storage.remove(archived.file)
        logger.info("brought %d events back from the archive", count)
        return count

    async def resume(self) -> None:
        """End what somebody was cut off from. Raises as `sweep`."""
        for reader in self._reader.streams:
            left = reader.range(subjects.facts(ConversationArchived.type), after=0)
            await self._end([await self._log.decode(stored) async for stored in left])
        for conversation in await self._index.returning():
            try:
                await self.bring_back(conversation)
            except NotPortable as error:
                logger.warning("a conversation does not come back: %s", error)

    async def lines(self, conversation: str) -> list[str] | None:
        """The lines of a conversation's file, None if it is not archived. Raises as `bring_back`."""
        archived = await self._index.find(conversation)
        return await self._lines(archived) if archived else None

    async def erase(self, conversation: str) -> Erased:
        """Remove everything of a conversation for good, wherever it is; what a broken-off erasure left, too.

        Raises:
            Unknown: if there is nothing of it.
            LogError: as `sweep`.
        """
        stood = await self._log.position(sharding.stream_of(conversation, self._log.streams))
        await self.bring_back(conversation)
        unknown = None
        try:
            erased = await erase(self._broker, self._nats, conversation)
        except Unknown as error:
            unknown = error
            erased = await remove(self._broker, self._nats, [Deletion(conversation, max(stood, 1))])
        erased = replace(erased, files=await self.forget(conversation))
        if unknown and not erased.anything:
            raise unknown
        return erased

    async def forget(self, conversation: str) -> int:
        """Remove what is left in the archive of a conversation that was erased; how many files.

        Raises `LogError`.
        """
        if await self._index.find(conversation) is not None:
            return 0
        names = await self._storage.names(_folder(conversation))
        await self._storage.remove(*names)
        return len(names)

    async def _quiet(self, query: QuietQuery) -> tuple[QuietConversation, ...]:
        found = await ask(self._broker, QUIET, query, Quiet, timeout_seconds=ASK_SECONDS)
        return found.conversations

    async def _sequence_at(self, stream: int, moment: datetime) -> int:
        """The first sequence of a stream that was stored at a time or later."""
        last = (await self._log.state(stream)).last
        stored = await self._reader.streams[stream].since(subjects.LOG_SUBJECTS, moment)
        return stored.sequence if stored else last + 1

    async def _begin(self, quiet: QuietConversation) -> Recorded | None:
        """Write the file of a conversation and say that it is archived; None if it stays."""
        key = quiet.key
        lines = [line async for line in self._porter.write(key)]
        try:
            _, events = read(lines)
            parts = list(batches(events))
        except NotPortable as error:
            logger.debug("a conversation stays in the log: %s", error)
            return None
        listed = ConversationArchived(file="", events=len(events), listed=quiet.listed)
        if (
            not any(parts)
            or events[-1].sequence != quiet.last_sequence
            or has_open_work(events)
            or any(event.type == ConversationDeleted.type for event in events)
            or len(listed.model_dump_json()) > LARGEST_LISTED
            or await self._dead.last(subjects.dead("*", key))
        ):
            return None
        name, content = _file(key, quiet.last_sequence, lines)
        await self._storage.put(name, content)
        if await self._storage.get(name) != content:
            raise LogError(f"archive {self._storage.where}: {name} is not as it was written")
        archived = self._author.envelope(key, listed.model_copy(update={"file": name}))
        try:
            (recorded,) = await self._log.append([archived], expected=quiet.last_sequence)
        except Conflict:
            newest = await self._log.last(key, ConversationArchived.type)
            if newest is None and await self._index.find(key) is None:
                await self._storage.remove(name)
            return None
        return recorded

    async def _end(self, begun: Sequence[Recorded]) -> int:
        if not begun:
            return 0
        for event in begun:
            await self._note(event)
        await projected(self._broker, begun[0].conversation, *(event.sequence for event in begun))
        await self._remove(begun)
        return len(begun)

    async def _note(self, event: Recorded) -> None:
        """Put a conversation into the index, unless its archiving has been ended by somebody else."""
        said = event.event
        if not isinstance(said, ConversationArchived):
            raise TypeError(f"{said.type} archives nothing")

        async def is_due() -> bool:
            return await self._log.tail(event.conversation) == event.sequence

        archived = Archived(event.sequence, said.file, said.events, said.listed)
        await self._index.put(event.conversation, archived, is_due)

    async def _remove(self, begun: Sequence[Recorded]) -> None:
        deletions = [Deletion(event.conversation, event.sequence) for event in begun]
        await remove(self._broker, self._nats, deletions)

    async def _lines(self, archived: Archived) -> list[str]:
        content = await self._storage.get(archived.file)
        if content is None:
            raise NotPortable(f"archive {self._storage.where}: {archived.file} is missing")
        try:
            return gzip.decompress(content).decode().splitlines()
        except (OSError, EOFError, ValueError) as error:
            raise NotPortable(f"archive {self._storage.where}: {archived.file}: {error}") from error


def _folder(key: str) -> str:
    return f"{subjects.shard(key)}/{hashlib.blake2s(key.encode(), digest_size=16).hexdigest()}"


def _file(key: str, sequence: int, lines: Sequence[str]) -> tuple[str, bytes]:
    """The name and content of a file; another each time that the conversation is archived, since the sequence
    of its last event is."""
    content = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0)
    return f"{_folder(key)}/{sequence}.jsonl.gz", content
