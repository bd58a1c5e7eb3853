"""What tokens are checked against, by ``PARLEY_JWT_…`` variables."""

from secrets import token_hex

import httpx
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from identity.keys import KeySet
from identity.verifier import Verifier


class IdentitySettings(BaseSettings):
    """The address wins over the secret; with neither, every token is refused.

    Attributes:
        secret: signs HS256 tokens.
        jwks_url: where the keys of RS256 and ES256 tokens are published.
        jwks_lifetime: seconds for which keys that were read count without being read again.
        issuer: what ``iss`` must be; empty for any.
        audience: what ``aud`` must hold; empty for any.
        leeway: seconds by which clocks may differ.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_JWT_", extra="ignore")

    secret: SecretStr = SecretStr("")
    jwks_url: str = ""
    jwks_lifetime: float = Field(default=600, gt=0)
    issuer: str = ""
    audience: str = ""
    leeway: float = Field(default=0, ge=0)

    def verifier(self, client: httpx.AsyncClient) -> Verifier:
        """The verifier these settings ask for; `client` fetches the published keys."""
        secret = self.secret.get_secret_value() or token_hex()
        key = KeySet(self.jwks_url, client, lifetime=self.jwks_lifetime) if self.jwks_url else secret
        issuer, audience = self.issuer or None, self.audience or None
        return Verifier(key, issuer=issuer, audience=audience, leeway=self.leeway)
