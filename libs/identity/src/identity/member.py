"""Whom a token stands for, and who tells."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class RefusedTokenError(Exception):
    """The token proves nothing; the message says why and holds nothing secret."""


class KeysUnavailableError(Exception):
    """The key set could not be read, so that no token can be judged; try again later."""


@dataclass(frozen=True, slots=True)
class Member:
    """The user a token stands for.

    Attributes:
        subject: the token's ``sub``.
        expires_at: aware UTC time after which the token proves nothing.
        is_operator: it has `OPERATOR_SCOPE`.
    """

    subject: str
    expires_at: datetime
    is_operator: bool = False


class Verifier(Protocol):
    """Checks tokens."""

    async def verify(self, token: str) -> Member:
        """The member a token stands for.

        Raises:
            RefusedTokenError: if it is malformed, unsigned, wrongly signed, expired, not yet valid, without
                subject or expiry, or meant for another issuer or audience.
            KeysUnavailableError: if the key set cannot be read.
        """
        ...
