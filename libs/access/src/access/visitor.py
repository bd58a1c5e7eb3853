"""A client as an edge knows it: what it presents, and what that proves."""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.types import Scope

from access.limits import Bucket
from eventlog.ports import Unavailable
from identity import KeysUnavailableError, Member, RefusedTokenError, Verifier


class Members:
    """Whom a token stands for."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier

    async def subject(self, token: str | None) -> str | None:
        """The user of a token; None where it is missing or proves nothing.

        Raises:
            Unavailable: if the public keys cannot be read.
        """
        member = await self._member(token)
        return member.subject if member else None

    async def expiry(self, token: str | None) -> datetime | None:
        """When a token ends to prove anything, in aware UTC time; None where it never did. Raises as
        `subject`."""
        member = await self._member(token)
        return member.expires_at if member else None

    async def is_operator(self, token: str | None) -> bool:
        """Whether a token is an operator's. Raises as `subject`."""
        member = await self._member(token)
        return member is not None and member.is_operator

    async def _member(self, token: str | None) -> Member | None:
        if token is None:
            return None
        try:
            return await self._verifier.verify(token)
        except RefusedTokenError:
            return None
        except KeysUnavailableError as error:
            raise Unavailable(str(error)) from error


@dataclass(slots=True)
class Visitor:
    """One request or one WebSocket.

    Attributes:
        token: what it presented to prove who it is, not verified yet.
        beginnings: how many conversations it may still begin, if that is limited.
        foreign: a web page of another origin, which reaches what anybody may.
        reached: the conversations it was found to have access to.
    """

    members: Members
    token: str | None = None
    beginnings: Bucket | None = None
    foreign: bool = False
    reached: set[str] = field(default_factory=set)

    async def user(self) -> str | None:
        """The user it has proved to be, or None. Raises as `Members.subject`."""
        return await self.members.subject(self.token)

    async def is_operator(self) -> bool:
        """Whether it has proved to be an operator. Raises as `Members.subject`."""
        return await self.members.is_operator(self.token)

    async def expiry(self) -> datetime | None:
        """When what it has proved ends, or None. Raises as `Members.subject`."""
        return await self.members.expiry(self.token)


VISITOR: ContextVar[Visitor | None] = ContextVar("visitor", default=None)
"""Of the request or connection that the current task serves; None in the edge's own tasks."""


@dataclass(frozen=True, slots=True)
class Presented:
    """What came with a request.

    Attributes:
        token: from ``Authorization: Bearer`` or, where headers cannot be set, ``?token=``.
        api_key: from ``X-API-Key`` or ``?api_key=``.
    """

    token: str | None
    api_key: str | None
    origin: str | None
    host: str
    address: str

    @property
    def member(self) -> str:
        """A name for the token, from which it cannot be told."""
        return sha256((self.token or "").encode()).hexdigest()[:16]

    @classmethod
    def of(cls, scope: Scope) -> "Presented":
        """Read an ASGI scope."""
        headers = Headers(scope=scope)
        query = query_of(scope)
        scheme, _, value = headers.get("authorization", "").partition(" ")
        bearer = value.strip() if scheme.lower() == "bearer" else None
        client = scope.get("client")
        return cls(
            token=bearer or query.get("token"),
            api_key=headers.get("x-api-key") or query.get("api_key"),
            origin=headers.get("origin"),
            host=headers.get("host", ""),
            address=client[0] if client else "",
        )


def query_of(scope: Scope) -> Mapping[str, str]:
    """The query's parameters, the last one of each name."""
    return dict(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True))


class ApiKeys:
    """The keys that are accepted. They are compared by digest, all of them, in constant time."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._digests: Sequence[bytes] = [sha256(key.encode()).digest() for key in keys]

    def __bool__(self) -> bool:
        return bool(self._digests)

    def name(self, presented: str | None) -> str | None:
        """A name for the key, from which it cannot be told; None if it is not accepted."""
        digest = sha256((presented or "").encode()).digest()
        matches = [hmac.compare_digest(digest, each) for each in self._digests]
        return digest.hex()[:8] if any(matches) else None
