"""Payloads too large for one message: kept in the object store under their digest, referred to by headers."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from nats.aio.client import Client

from contracts.envelope import PAYLOAD_DIGEST, PAYLOAD_REFERENCE, TYPE
from contracts.events import ReplySpoken, UserSpoke
from contracts.subjects import PAYLOAD_BUCKET, PAYLOAD_STREAM
from eventlog.outage import OUTAGE
from eventlog.ports import LogError, TooLarge, Unavailable
from eventlog.stored import StreamReader

HEADER_ROOM: Final = 64 * 1024
MAX_OBJECT: Final = 64 * 1024 * 1024
CHUNK: Final = 128 * 1024
_SPOKEN: Final = {UserSpoke.type, ReplySpoken.type}


class Payloads:
    """Content-addressed: the same bytes are stored once, and what is read is checked."""

    def __init__(self, client: Client, timeout_seconds: float) -> None:
        """`timeout_seconds` is how long one request may take."""
        self._client = client
        self._timeout = timeout_seconds
        self._reader = StreamReader(client, PAYLOAD_STREAM, timeout_seconds)

    async def put(self, payload: bytes) -> tuple[dict[str, str], bytes]:
        """What to publish instead of `payload`: extra headers and the bytes themselves or nothing.

        Raises:
            TooLarge: above 64 MiB.
            Unavailable: if the object store did not take it.
        """
        if len(payload) <= self._client.max_payload - HEADER_ROOM:
            return {}, payload
        if len(payload) > MAX_OBJECT:
            raise TooLarge(f"an event of {len(payload)} bytes exceeds {MAX_OBJECT}")
        digest = await self.keep(payload)
        return {PAYLOAD_REFERENCE: f"{PAYLOAD_BUCKET}/{digest}", PAYLOAD_DIGEST: f"sha256:{digest}"}, b""

    async def keep(self, payload: bytes) -> str:
        """Store something of any size up to 64 MiB; the name it is found by, which is its digest.

        Raises:
            Unavailable: if the object store did not take it.
        """
        digest = hashlib.sha256(payload).hexdigest()
        try:
            if not await self.holds(digest):
                await self._store(digest, payload)
        except OUTAGE as error:
            raise Unavailable(f"payload {digest}: {error or type(error).__name__}") from error
        return digest

    async def get(self, headers: Mapping[str, str], payload: bytes) -> bytes:
        """The payload that a message carries or refers to.

        Raises:
            LogError: if the object is missing or is not what was stored.
            Unavailable: if the object store did not answer.
        """
        reference = headers.get(PAYLOAD_REFERENCE)
        if reference is None:
            return payload
        data = await self._stored(reference.rsplit("/", 1)[-1])
        if data is None:
            raise LogError(f"payload {reference} is missing")
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != headers.get(PAYLOAD_DIGEST):
            raise LogError(f"payload {reference} does not match its digest")
        return data

    async def kept(self, name: str) -> bytes:
        """What `keep` has stored under a name. Raises as `get`."""
        reference = {PAYLOAD_REFERENCE: f"{PAYLOAD_BUCKET}/{name}", PAYLOAD_DIGEST: f"sha256:{name}"}
        return await self.get(reference, b"")

    async def holds(self, name: str) -> bool:
        """Whether something is stored under a name. Raises `Unavailable`."""
        return await self._description(name) is not None

    async def _stored(self, name: str) -> bytes | None:
        """What is stored under a name, None if there is nothing.

        Its pieces are read as any messages are; the client library would make a consumer for them, by which
        a service could have anything delivered anywhere.
        """
        described = await self._description(name)
        if described is None:
            return None
        if not described.get("size"):
            return b""
        chunks: list[bytes] = []
        async for chunk in self._reader.range(chunks_of(described["nuid"]), after=0):
            if len(chunks) == described["chunks"]:
                break
            chunks.append(chunk.payload)
        return b"".join(chunks)

    async def _description(self, name: str) -> dict[str, Any] | None:
        """The first, so that nobody replaces what is stored by storing something else behind it."""
        found = await self._reader.next(description_of(name), after=0)
        while found:
            described: dict[str, Any] = json.loads(found.payload)
            if not described.get("deleted"):
                return described
            found = await self._reader.next(description_of(name), after=found.sequence)
        return None

    async def _store(self, name: str, payload: bytes) -> None:
        """As any client of NATS's object store does (NATS ADR-20), but for the roll-up of descriptions: who
        may roll up some may roll up all, which removes everything.
        """
        jetstream = self._client.jetstream(timeout=self._timeout)
        nuid = uuid4().hex
        starts = range(0, len(payload), CHUNK)
        for start in starts:
            await jetstream.publish(chunks_of(nuid), payload[start : start + CHUNK])
        digest = urlsafe_b64encode(hashlib.sha256(payload).digest()).decode()
        described = {
            "name": name,
            "bucket": PAYLOAD_BUCKET,
            "nuid": nuid,
            "size": len(payload),
            "chunks": len(starts),
            "digest": f"SHA-256={digest}",
            "mtime": datetime.now(UTC).isoformat(),
            "options": {"max_chunk_size": CHUNK},
        }
        await jetstream.publish(description_of(name), json.dumps(described).encode())


def description_of(name: str) -> str:
    """The subject of what is told of an object."""
    return f"$O.{PAYLOAD_BUCKET}.M.{urlsafe_b64encode(name.encode()).decode()}"


def chunks_of(nuid: str) -> str:
    """The subject of the pieces of an object."""
    return f"$O.{PAYLOAD_BUCKET}.C.{nuid}"


def recording(headers: Mapping[str, str], payload: bytes) -> str | None:
    """The name of the audio that an event speaks of, where it was kept."""
    if headers.get(TYPE) not in _SPOKEN:
        return None
    name: str | None = json.loads(payload).get("audio_reference")
    return name
