"""Which pages of browsers may call, and what the pages of this server may do."""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from access.settings import AccessSettings, is_loopback

LOOPBACK_ORIGIN: Final = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
PAGE_POLICY: Final = (
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data: blob:; media-src 'self' blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self)",
}


class Hosts:
    """The names by which this server lets itself be called.

    A page can give its own name the address of somebody else's machine, and is then no stranger to the
    browser. So a server that asks for no keys, because only this machine reaches it, answers to names
    that no page has: addresses, the loopback's names, names without a dot, and what is configured.
    """

    def __init__(self, settings: AccessSettings) -> None:
        self._any = bool(settings.api_keys) or not settings.is_local or "*" in settings.allowed_origins
        self._configured = {urlsplit(origin).hostname for origin in settings.allowed_origins}

    def __contains__(self, host: str) -> bool:
        """Whether a ``Host`` header, which may be missing, is one of them."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if self._any or not name or "." not in name or name in self._configured:
            return True
        return is_loopback(name) or _is_address(name)


def confined(send: Send) -> Send:
    """A `send` that adds the headers by which browsers confine an answer."""

    async def confine(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if headers.get("content-type", "").startswith("text/html"):
                headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        await send(message)

    return confine


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
