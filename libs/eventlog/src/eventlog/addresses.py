"""The addresses of nats-servers, and the credentials that may be written into them."""

from typing import Final, NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

_UNREADABLE: Final = (
    "these are no addresses such as nats://user:password@host:4222, comma separated; "
    "in a password, a comma is written %2C, an at-sign %40, a slash %2F"
)


class Credentials(NamedTuple):
    """Who a client is; without a user, the secret is a token."""

    user: str | None
    secret: str


def parted(urls: str) -> tuple[list[str], Credentials | None]:
    """The addresses without credentials, and the credentials, which are the same for all of them.

    nats-py uses what a URL has for that server alone: not for those that it hears of from the cluster.

    Raises:
        ValueError: if they cannot be read or differ in credentials; the message has nothing of the URLs.
    """
    found = [_parted(each.strip()) for each in urls.split(",") if each.strip()]
    if not found:
        raise ValueError("there is no address")
    named = {credentials for _, credentials in found if credentials}
    if len(named) > 1:
        raise ValueError("the addresses have different credentials; a client has one name for all servers")
    return [address for address, _ in found], named.pop() if named else None


def _parted(url: str) -> tuple[str, Credentials | None]:
    try:
        parts = urlsplit(url if "://" in url else f"nats://{url}")
        said, at, host = parts.netloc.rpartition("@")
        user, colon, password = (unquote(each, errors="strict") for each in said.partition(":"))
        read = bool(parts.hostname) and parts.port != 0 and url.count("@") == len(at)
    except ValueError:  # which may quote the URL
        read = False
    if not read or (at and not (user and "://" in url)):
        raise ValueError(_UNREADABLE)
    if not at:
        return url, None
    credentials = Credentials(user, password) if colon else Credentials(None, user)
    return urlunsplit(parts._replace(netloc=host)), credentials
