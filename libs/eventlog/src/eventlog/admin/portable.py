"""One conversation as a file: JSON Lines, a header, an event a line as it is stored, and a digest.

Positions in the log are different in every installation. Those that events speak of (`places`) are rewritten
when a file is read in; everything else stays as it was. Large payloads are in the file as any others, and
kept audio is beside the event that speaks of it.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from bisect import bisect_left
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts import subjects
from contracts.envelope import PAYLOAD_DIGEST, PAYLOAD_REFERENCE, TYPE
from contracts.events import (
    ENDS,
    AnswerReceived,
    MessageReceived,
    RunRequested,
)
from eventlog.appending import MAX_BATCH
from eventlog.places import absolute, moved
from eventlog.ports import LogError
from eventlog.stored import Stored

FORMAT: Final = 1
_KEPT: Final = "ce-"
_WORK: Final = {MessageReceived.type, AnswerReceived.type, RunRequested.type}
_ENDED: Final = {event.type for event in ENDS}


class NotPortable(LogError):
    """A file that is not a whole conversation, or that cannot be brought in here."""


@dataclass(frozen=True, slots=True)
class Line:
    """One event of a file.

    Attributes:
        sequence: its position where it comes from.
        subject: what follows the conversation in its subject.
        audio: what was spoken, empty unless it was kept.
    """

    sequence: int
    subject: str
    headers: dict[str, str]
    payload: dict[str, Any]
    audio: bytes = b""

    @property
    def type(self) -> str:
        return self.headers[TYPE]


@dataclass(frozen=True, slots=True)
class Places:
    """Where events are: their sequences in the file and here, side by side and ascending.

    Those `coming` follow each other here, nobody knows where; they are counted from one of them.
    """

    there: Sequence[int] = ()
    here: Sequence[int] = ()
    coming: Sequence[int] = ()

    def followed_by(self, there: Sequence[int], first: int) -> "Places":
        """These, and more that stand one behind the other here."""
        return Places([*self.there, *there], [*self.here, *range(first, first + len(there))])

    def of(self, there: int, own: int) -> int:
        """Where an event is, as the one at `own` in the file says it; 0 is before the first.

        Raises:
            NotPortable: if it is not in the file, or not before that one.
        """
        place = self.since(there, own)
        if not there:
            return place - 1
        known = self.there if place > 0 else self.coming
        if there > own or known[bisect_left(known, there)] != there:
            raise NotPortable(f"event {there} is spoken of and not in the file")
        return place

    def since(self, there: int, own: int) -> int:
        """Where the first event is that does not come before a position, but not behind `own`."""
        there = min(there, own)
        if (found := bisect_left(self.there, there)) < len(self.there):
            return self.here[found]
        return bisect_left(self.coming, there) - bisect_left(self.coming, own)


async def written(
    conversation: str, events: AsyncIterator[tuple[Stored, bytes, bytes]]
) -> AsyncIterator[str]:
    """The lines of the file, without line ends; `events` are stored messages, their payloads and audio."""
    digest = hashlib.sha256()
    count = 0
    prefix = len(subjects.conversation(conversation)) - 1
    header = {"parley": "conversation", "format": FORMAT, "conversation": conversation}
    yield _line(header, digest)
    async for stored, payload, audio in events:
        kept = {
            name: value
            for name, value in stored.headers.items()
            if name.startswith(_KEPT) and name not in (PAYLOAD_REFERENCE, PAYLOAD_DIGEST)
        }
        count += 1
        event = {"sequence": stored.sequence, "subject": stored.subject[prefix:], "headers": kept}
        said = absolute(stored.headers, stored.headers[TYPE], json.loads(payload), stored.sequence)
        beside = {"audio": b64encode(audio).decode()} if audio else {}
        yield _line(event | {"payload": said} | beside, digest)
    yield json.dumps({"events": count, "digest": f"sha256:{digest.hexdigest()}"})


def _line(entry: Mapping[str, Any], digest: "hashlib._Hash") -> str:
    line = json.dumps(entry, ensure_ascii=False)
    digest.update(f"{line}\n".encode())
    return line


def read(lines: Sequence[str]) -> tuple[str, list[Line]]:
    """The conversation key and the events of a file.

    Raises:
        NotPortable: if it is no such file, or not as it was written.
    """
    try:
        header, *events, trailer = [json.loads(line) for line in lines]
        key = subjects.check_any_key(header["conversation"])
        known = header["parley"] == "conversation" and header["format"] == FORMAT
        found = [
            Line(e["sequence"], e["subject"], e["headers"], e["payload"], b64decode(e.get("audio", "")))
            for e in events
        ]
        wanted, count = trailer["digest"], trailer["events"]
    except (ValueError, KeyError, TypeError) as error:
        raise NotPortable(f"not an exported conversation: {error}") from error
    if not known:
        raise NotPortable(f"format {header['format']!r} is not known here")
    digest = hashlib.sha256("".join(f"{line.rstrip()}\n" for line in lines[:-1]).encode())
    if count != len(found) or wanted != f"sha256:{digest.hexdigest()}":
        raise NotPortable("the file is not as it was written: its digest does not fit")
    return key, found


def batches(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Cut where nothing said is unanswered, so that no responder takes up what was answered long ago.

    Raises:
        NotPortable: if there is no such place within a batch.
    """
    start, cut, open_work = 0, 0, 0
    for number, line in enumerate(lines, start=1):
        open_work += (line.type in _WORK) - (line.type in _ENDED)
        if open_work <= 0:
            cut = number
        if number - start == MAX_BATCH:
            if cut <= start:
                raise NotPortable(f"one turn has more than {MAX_BATCH} events")
            yield lines[start:cut]
            start = cut
    yield lines[start:]


def has_open_work(lines: Sequence[Line]) -> bool:
    """Whether something that was said may not have been answered."""
    return sum((line.type in _WORK) - (line.type in _ENDED) for line in lines) > 0


def placed(line: Line, places: Places) -> dict[str, Any]:
    """The payload with the positions it speaks of as they are here."""
    own = line.sequence
    return moved(
        line.type,
        line.payload,
        lambda there: places.of(there, own),
        lambda there: places.since(there, own),
    )
