"""A published JSON Web Key Set (RFC 7517), kept for a while and read again when a key is not in it."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import httpx
import jwt

from identity.member import KeysUnavailableError

logger = logging.getLogger(__name__)

Clock: TypeAlias = Callable[[], float]
"""Monotonic seconds."""

KEY_TYPES: Final[Mapping[str, str]] = {"RS256": "RSA", "ES256": "EC"}
"""The asymmetric algorithms that are accepted, and the kind of key that each needs."""


class KeySet:
    """The keys at one address.

    They are read again after `lifetime` seconds, and when a token names an unknown key, but then not
    more often than every `refresh_interval` seconds, or `lifetime` where that is shorter: made-up key
    ids cannot flood the issuer.
    While the issuer cannot be reached the keys read before stay in force.
    """

    def __init__(
        self,
        address: str,
        client: httpx.AsyncClient,
        *,
        lifetime: float = 600,
        refresh_interval: float = 30,
        clock: Clock = time.monotonic,
    ) -> None:
        self._address = address
        self._client = client
        self._lifetime = lifetime
        self._refresh_interval = min(refresh_interval, lifetime)
        self._clock = clock
        self._keys: tuple[jwt.PyJWK, ...] = ()
        self._read_at: float | None = None
        self._tried_at: float | None = None
        self._reading = asyncio.Lock()

    async def find(self, algorithm: str, key_id: str | None) -> jwt.PyJWK | None:
        """The key for a token, or None if there is none.

        A token without a key id is matched only where a single key fits its algorithm.

        Raises:
            KeysUnavailableError: if the set was never read and cannot be read now.
        """
        if self._is_older_than(self._read_at, self._lifetime):
            await self._refresh()
        key = self._choose(algorithm, key_id)
        if key is None:
            await self._refresh()
            key = self._choose(algorithm, key_id)
        return key

    def _choose(self, algorithm: str, key_id: str | None) -> jwt.PyJWK | None:
        fitting = [
            key
            for key in self._keys
            if key.algorithm_name == algorithm
            and key.key_type == KEY_TYPES[algorithm]
            and key.public_key_use in (None, "sig")
            and (key_id is None or key.key_id == key_id)
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _is_older_than(self, moment: float | None, seconds: float) -> bool:
        return moment is None or self._clock() - moment >= seconds

    async def _refresh(self) -> None:
        asked_at = self._clock()
        async with self._reading:
            someone_else_did = self._tried_at is not None and self._tried_at >= asked_at
            if not someone_else_did and self._is_older_than(self._tried_at, self._refresh_interval):
                self._tried_at = self._clock()
                await self._read()
        if self._read_at is None:
            raise KeysUnavailableError(f"the key set at {self._address} could not be read")

    async def _read(self) -> None:
        try:
            response = await self._client.get(self._address)
            response.raise_for_status()
            self._keys = _parse(response.json())
        except (httpx.HTTPError, ValueError) as error:
            logger.warning("key set at %s could not be read: %s", self._address, error)
        else:
            self._read_at = self._clock()


def _parse(document: Any) -> tuple[jwt.PyJWK, ...]:
    """The usable keys of a key set; those of unknown kinds are left out, as RFC 7517 section 5 asks.

    Raises:
        ValueError: if the document is no key set.
    """
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JSON Web Key Set")  # noqa: TRY004 - what is wrong is the issuer's document
    keys = []
    for entry in document["keys"]:
        try:
            keys.append(jwt.PyJWK.from_dict(entry))
        except (jwt.PyJWKError, jwt.InvalidKeyError, AttributeError) as error:
            logger.info("a published key was left out: %s", error)
    return tuple(keys)
