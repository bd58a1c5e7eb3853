"""What tokens are checked against, by ``PARLEY_JWT_…`` variables."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import Settings
from identity.member import Member, Verifier

if TYPE_CHECKING:
    from identity.keys import KeySet


class IdentitySettings(Settings):
    """The address wins over the secret; with neither, every token is refused."""

    model_config = SettingsConfigDict(env_prefix="PARLEY_JWT_")

    secret: SecretStr = SecretStr("")
    """The HS256 secret of users' tokens. Empty: one is made in PARLEY_DATA_DIR."""
    jwks_url: str = ""
    """Where the public keys of users' tokens are, instead of a secret."""
    jwks_lifetime: float = Field(default=600, gt=0)
    """Seconds after which they are read again."""
    issuer: str = ""
    """The `iss` that users' tokens must have. Empty: any."""
    audience: str = ""
    """The `aud` that users' tokens must have. Empty: any."""
    leeway: float = Field(default=0, ge=0)
    """Seconds by which the clock of the tokens' issuer may differ."""

    @asynccontextmanager
    async def verifier(self, timeout_seconds: float) -> AsyncIterator[Verifier]:
        """The verifier these settings ask for; published keys are waited for so many seconds."""
        if not self.jwks_url:
            yield _Loaded(partial(self._checking, self.secret.get_secret_value() or token_hex()))
            return
        import httpx  # only where keys are published

        from identity.keys import KeySet

        async with httpx.AsyncClient(timeout=timeout_seconds) as client:
            yield self._checking(KeySet(self.jwks_url, client, lifetime=self.jwks_lifetime))

    def _checking(self, key: "str | KeySet") -> Verifier:
        from identity.verifier import JwtVerifier  # what it needs takes 8 MB

        issuer, audience = self.issuer or None, self.audience or None
        return JwtVerifier(key, issuer=issuer, audience=audience, leeway=self.leeway)


class _Loaded:
    """A verifier that is made, and its library loaded, with the first token."""

    def __init__(self, make: Callable[[], Verifier]) -> None:
        self._make = make
        self._made: Verifier | None = None

    async def verify(self, token: str) -> Member:
        """See `Verifier`."""
        if self._made is None:
            self._made = await asyncio.to_thread(self._make)
        return await self._made.verify(token)
