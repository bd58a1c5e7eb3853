"""Verification of JSON Web Tokens (RFC 7519) under the rules of RFC 8725."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import jwt

from contracts.tokens import OPERATOR_SCOPE
from identity.keys import KEY_TYPES, KeySet
from identity.member import Member, RefusedTokenError

_SHARED_SECRET: Final = ("HS256",)
_KEY_SET: Final = tuple(KEY_TYPES)


class JwtVerifier:
    """Checks tokens against either a shared secret (HS256) or a key set (RS256, ES256), never both.

    The algorithms are fixed by the kind of key, not by the token, so that ``none`` and a public key
    used as a shared secret are refused.
    """

    def __init__(
        self,
        key: str | KeySet,
        *,
        issuer: str | None = None,
        audience: str | Sequence[str] | None = None,
        leeway: float = 0,
    ) -> None:
        """Set what a token is checked against; issuer and audience only where they are given.

        Args:
            key: the shared secret, or where the issuer's public keys are.
            leeway: seconds by which clocks may differ.

        Raises:
            ValueError: if the secret is empty.
        """
        if not key:
            raise ValueError("the shared secret must not be empty")
        self._key = key
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway

    async def verify(self, token: str) -> Member:
        """The member a token stands for. Raises as `Verifier.verify`."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError as error:
            raise RefusedTokenError(str(error)) from error
        algorithms = _KEY_SET if isinstance(self._key, KeySet) else _SHARED_SECRET
        algorithm = header.get("alg")
        if algorithm not in algorithms:
            raise RefusedTokenError(f"algorithm {algorithm!r} is not accepted")
        return self._check(token, algorithm, await self._key_for(algorithm, header.get("kid")))

    async def _key_for(self, algorithm: str, key_id: str | None) -> str | jwt.PyJWK:
        if not isinstance(self._key, KeySet):
            return self._key
        key = await self._key.find(algorithm, key_id)
        if key is None:
            raise RefusedTokenError(f"no {algorithm} key {key_id!r} is published")
        return key

    def _check(self, token: str, algorithm: str, key: str | jwt.PyJWK) -> Member:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway,
                options={"require": ["exp", "sub"], "verify_aud": self._audience is not None},
            )
        except jwt.InvalidTokenError as error:
            raise RefusedTokenError(str(error)) from error
        if not claims["sub"]:
            raise RefusedTokenError("the token names no subject")
        try:
            expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
        except (OverflowError, ValueError, OSError) as error:
            raise RefusedTokenError("the token's expiry is out of range") from error
        scope = claims.get("scope")
        is_operator = isinstance(scope, str) and OPERATOR_SCOPE in scope.split(" ")
        return Member(subject=claims["sub"], expires_at=expires_at, is_operator=is_operator)
