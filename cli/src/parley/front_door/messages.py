"""HTTP/1.1 heads as the front door reads, judges and writes them. Pure."""

import json
from collections.abc import Iterable
from http import HTTPStatus

Headers = list[tuple[bytes, bytes]]

HEAD_LIMIT = 32 * 1024
HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
# Only the front door says these: nothing a client claims about itself gets past it.
FORWARDED = frozenset((b"forwarded", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"))
NEVER_DROPPED = frozenset((b"host", b"content-length"))


class Refused(Exception):
    """A request the front door answers itself, with an error."""

    def __init__(self, status: HTTPStatus, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Request:
    """One request as it comes in: its head, the part of its body not yet passed on, and how it ends."""

    __slots__ = (
        "body",
        "chunked",
        "complete",
        "headers",
        "keep_alive",
        "method",
        "refused",
        "size",
        "target",
        "upgrade",
        "version",
    )

    def __init__(self) -> None:
        self.method = b""
        self.target = b""
        self.version = "1.1"
        self.headers: Headers = []
        self.size = 0
        self.body: list[bytes] = []
        self.chunked = False
        self.upgrade = False
        self.keep_alive = False
        self.complete = False
        self.refused: Refused | None = None

    def grow(self, size: int) -> None:
        """Count bytes of the head.

        Raises:
            Refused: above the limit.
        """
        self.size += size
        if self.size > HEAD_LIMIT:
            raise too_large()

    def judge(self, *, may_upgrade: bool) -> None:
        """Decide from the complete head what kind of request this is.

        Everything that two servers could read differently is refused, so that none can hide in another.

        Raises:
            Refused: if it cannot be passed on.
        """
        coding, length = values(self.headers, b"transfer-encoding"), values(self.headers, b"content-length")
        hosts = values(self.headers, b"host")
        if any(b"\r" in value or b"\n" in value or b"\0" in value for _, value in self.headers):
            raise Refused(HTTPStatus.BAD_REQUEST, "a header value must be one line")
        if coding and length:
            raise Refused(HTTPStatus.BAD_REQUEST, "Content-Length and Transfer-Encoding exclude each other")
        if coding and (self.version != "1.1" or [each.lower() for each in coding] != [b"chunked"]):
            raise Refused(HTTPStatus.BAD_REQUEST, "the only Transfer-Encoding understood is chunked")
        if len(length) > 1 or not all(each.isdigit() for each in length):
            raise Refused(HTTPStatus.BAD_REQUEST, "Content-Length must be one number")
        if len(hosts) > 1 or (self.version == "1.1" and not hosts):
            raise Refused(HTTPStatus.BAD_REQUEST, "exactly one Host header is required")
        if self.method == b"CONNECT":
            raise Refused(HTTPStatus.METHOD_NOT_ALLOWED, "CONNECT is not served here")
        self.chunked = bool(coding)
        self.upgrade = may_upgrade and b"websocket" in tokens(self.headers, b"upgrade")
        if self.upgrade and (coding or any(int(each) for each in length)):
            raise Refused(HTTPStatus.BAD_REQUEST, "an upgrade has no body")

    def head(self, client: str) -> bytes:
        """The head to send to an edge on behalf of the client at an address."""
        host = values(self.headers, b"host")
        added: Headers = [(b"X-Forwarded-For", client.encode()), (b"X-Forwarded-Proto", b"http")]
        if host:
            added.append((b"X-Forwarded-Host", host[0]))
        if self.chunked:
            added.append((b"Transfer-Encoding", b"chunked"))
        if self.upgrade:
            added += [(b"Connection", b"Upgrade"), (b"Upgrade", b"websocket")]
        else:
            added.append((b"Connection", b"close"))
        kept = [(name, value) for name, value in end_to_end(self.headers) if name.lower() not in FORWARDED]
        return b"%b %b HTTP/1.1\r\n%b\r\n" % (self.method, self.target, _lines([*kept, *added]))


def too_large() -> Refused:
    """The refusal of a head above the limit."""
    return Refused(
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"the request head is larger than {HEAD_LIMIT} bytes"
    )


def response_head(status: int, reason: bytes, headers: Headers, added: Headers) -> bytes:
    """The head of a response to the client."""
    return b"HTTP/1.1 %d %b\r\n%b\r\n" % (status, reason, _lines([*end_to_end(headers), *added]))


def error_response(refused: Refused, *, body: bool = True) -> bytes:
    """The whole answer to a refused request, in the shape of the protocols' errors."""
    content = json.dumps({"detail": refused.detail}).encode()
    headers: Headers = [
        (b"Content-Type", b"application/json"),
        (b"Content-Length", b"%d" % len(content)),
        (b"Connection", b"close"),
    ]
    if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"Retry-After", b"1"))
    head = b"HTTP/1.1 %d %b\r\n%b\r\n" % (refused.status, refused.status.phrase.encode(), _lines(headers))
    return head + content if body else head


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked coding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def values(headers: Headers, name: bytes) -> list[bytes]:
    """The values of every header with a name, in order."""
    return [value.strip() for each, value in headers if each.lower() == name]


def tokens(headers: Headers, name: bytes) -> set[bytes]:
    """The comma-separated tokens of every header with a name, in lower case."""
    return {token.strip().lower() for value in values(headers, name) for token in value.split(b",")}


def end_to_end(headers: Headers) -> Headers:
    """The headers that are not for the next hop alone."""
    dropped = HOP_BY_HOP | (tokens(headers, b"connection") - NEVER_DROPPED)
    return [(name, value) for name, value in headers if name.lower() not in dropped]


def _lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % header for header in headers)
