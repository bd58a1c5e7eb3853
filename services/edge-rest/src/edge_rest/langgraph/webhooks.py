"""Posting to addresses that callers name: signed, bounded, and to public ones alone unless more is allowed.

Source: Standard Webhooks 1.0 (standardwebhooks.com) for the headers and the signature.
"""

import asyncio
import hmac
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final, Protocol

from fastapi import HTTPException
from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from edge_rest.settings import EdgeSettings

_NAT64: Final = IPv6Network("64:ff9b::/96")
_URL: Final[TypeAdapter[AnyHttpUrl]] = TypeAdapter(AnyHttpUrl)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt.

    Attributes:
        status: of the answer; None without one.
        problem: why it was not accepted; empty if it was.
        final: it is of no use to try again.
    """

    status: int | None
    problem: str = ""
    final: bool = False


class Attempt(Protocol):
    """One request to an address, whose name may mean a private one only where that is allowed."""

    async def __call__(self, url: str, headers: dict[str, str], body: bytes, *, private: bool) -> Outcome:
        """What came of it."""
        ...


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Posts what runs came to."""

    settings: EdgeSettings

    def check(self, url: str) -> None:
        """Raises a 422 for what cannot be an address to post to, as far as can be told from it alone."""
        try:
            host = _URL.validate_python(url).host or ""
        except ValidationError:
            raise HTTPException(422, "webhook: must be an absolute http or https URL") from None
        if not self.settings.webhook_secret.get_secret_value():
            raise HTTPException(422, "webhook: this server has no PARLEY_WEBHOOK_SECRET to sign with")
        if not self.settings.webhook_private and _is_private_name(host.strip("[]")):
            raise HTTPException(422, "webhook: must not be a private address")

    async def post(self, url: str, identity: str, seconds: int, body: bytes) -> Outcome:
        """One attempt.

        Args:
            identity: the same at every attempt.
            seconds: since 1970, when it is sent.
        """
        headers = {
            "content-type": "application/json",
            "user-agent": "parley-webhook",
            "webhook-id": identity,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(
                self.settings.webhook_secret.get_secret_value(), identity, seconds, body
            ),
        }
        attempt = await asyncio.to_thread(_attempt)
        return await attempt(url, headers, body, private=self.settings.webhook_private)


def _attempt() -> "Attempt":
    from edge_rest.langgraph.posting import attempt  # an HTTP client, 5 MB, where something is posted

    return attempt


def signature(secret: str, identity: str, seconds: int, body: bytes) -> str:
    """HMAC-SHA256 over the id, the time and the body, in base64 behind its version."""
    signed = f"{identity}.{seconds}.".encode() + body
    return f"v1,{b64encode(hmac.digest(secret.encode(), signed, sha256)).decode()}"


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, whatever form it is mapped into."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        translated = IPv4Address(ip.packed[-4:]) if ip in _NAT64 else None
        if (within := ip.ipv4_mapped or ip.sixtofour or translated) is not None:
            return is_public(str(within))
    return ip.is_global and not ip.is_multicast


def _is_private_name(host: str) -> bool:
    try:
        return not is_public(host)
    except ValueError:
        name = host.rstrip(".").lower()
        return name == "localhost" or name.endswith((".localhost", ".local", ".internal"))
