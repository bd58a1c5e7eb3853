"""Payloads too large for one message: kept in the object store under their digest, referred to by headers."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final

from nats.aio.client import Client
from nats.js.object_store import ObjectStore

from contracts.envelope import PAYLOAD_DIGEST, PAYLOAD_REFERENCE, TYPE
from contracts.events import ReplySpoken, UserSpoke
from contracts.subjects import PAYLOAD_BUCKET, PAYLOAD_STREAM
from eventlog.outage import OUTAGE
from eventlog.ports import LogError, TooLarge, Unavailable
from eventlog.stored import StreamReader

HEADER_ROOM: Final = 64 * 1024
MAX_OBJECT: Final = 64 * 1024 * 1024
_SPOKEN: Final = {UserSpoke.type, ReplySpoken.type}


class Payloads:
    """Content-addressed: the same bytes are stored once, and what is read is checked."""

    def __init__(self, client: Client, timeout_seconds: float) -> None:
        """`timeout_seconds` is how long one request may take."""
        self._client = client
        self._reader = StreamReader(client, PAYLOAD_STREAM, timeout_seconds)
        self._bucket: ObjectStore | None = None

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
                await (await self._object_store()).put(digest, payload)
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
        chunks = self._reader.range(f"$O.{PAYLOAD_BUCKET}.C.{described['nuid']}", after=0)
        return b"".join([chunk.payload async for chunk in chunks])

    async def _description(self, name: str) -> dict[str, Any] | None:
        token = urlsafe_b64encode(name.encode()).decode()
        found = await self._reader.last(f"$O.{PAYLOAD_BUCKET}.M.{token}")
        described: dict[str, Any] = json.loads(found.payload) if found else {"deleted": True}
        return None if described.get("deleted") else described

    async def _object_store(self) -> ObjectStore:
        if self._bucket is None:
            self._bucket = await self._client.jetstream().object_store(PAYLOAD_BUCKET)
        return self._bucket


def recording(headers: Mapping[str, str], payload: bytes) -> str | None:
    """The name of the audio that an event speaks of, where it was kept."""
    if headers.get(TYPE) not in _SPOKEN:
        return None
    name: str | None = json.loads(payload).get("audio_reference")
    return name
