"""Payloads too large for one message: kept in the object store under their digest, referred to by headers."""

import hashlib
import json
from collections.abc import Mapping
from typing import Final

from nats.aio.client import Client
from nats.js.errors import NotFoundError, ObjectNotFoundError
from nats.js.object_store import ObjectStore

from contracts.envelope import PAYLOAD_DIGEST, PAYLOAD_REFERENCE, TYPE
from contracts.events import ReplySpoken, UserSpoke
from contracts.subjects import PAYLOAD_BUCKET
from eventlog.outage import OUTAGE
from eventlog.ports import LogError, TooLarge, Unavailable

HEADER_ROOM: Final = 64 * 1024
MAX_OBJECT: Final = 64 * 1024 * 1024
_SPOKEN: Final = {UserSpoke.type, ReplySpoken.type}


class Payloads:
    """Content-addressed: the same bytes are stored once, and what is read is checked."""

    def __init__(self, client: Client) -> None:
        self._client = client
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
            bucket = await self._object_store()
            try:
                await bucket.get_info(digest)
            except (ObjectNotFoundError, NotFoundError):
                await bucket.put(digest, payload)
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
        name = reference.rsplit("/", 1)[-1]
        try:
            found = await (await self._object_store()).get(name)
        except (ObjectNotFoundError, NotFoundError) as error:
            raise LogError(f"payload {reference} is missing") from error
        except OUTAGE as error:
            raise Unavailable(f"payload {reference}: {error or type(error).__name__}") from error
        data = found.data or b""
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != headers.get(PAYLOAD_DIGEST):
            raise LogError(f"payload {reference} does not match its digest")
        return data

    async def kept(self, name: str) -> bytes:
        """What `keep` has stored under a name. Raises as `get`."""
        reference = {PAYLOAD_REFERENCE: f"{PAYLOAD_BUCKET}/{name}", PAYLOAD_DIGEST: f"sha256:{name}"}
        return await self.get(reference, b"")

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
