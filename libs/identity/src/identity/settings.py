"""What tokens are checked against, by ``PARLEY_JWT_…`` variables."""

from secrets import token_hex

import httpx
from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from chassis.settings import Settings
from identity.keys import KeySet
from identity.verifier import Verifier


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

    def verifier(self, client: httpx.AsyncClient) -> Verifier:
        """The verifier these settings ask for; `client` fetches the published keys."""
        secret = self.secret.get_secret_value() or token_hex()
        key = KeySet(self.jwks_url, client, lifetime=self.jwks_lifetime) if self.jwks_url else secret
        issuer, audience = self.issuer or None, self.audience or None
        return Verifier(key, issuer=issuer, audience=audience, leeway=self.leeway)
