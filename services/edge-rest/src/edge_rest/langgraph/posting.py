"""One attempt to post to an address, which is looked at before anything is sent there."""

import asyncio
import socket
from dataclasses import dataclass
from typing import Final

import httpx

from edge_rest.langgraph.webhooks import Outcome, is_public

SECONDS: Final = 10.0
"""How long one attempt may take."""


class Forbidden(Exception):
    """An address that nothing is posted to; the text says why."""


async def attempt(url: str, headers: dict[str, str], body: bytes, *, private: bool) -> Outcome:
    """See `Attempt`."""
    try:
        async with (
            asyncio.timeout(SECONDS),
            httpx.AsyncClient(timeout=SECONDS, trust_env=False) as client,
        ):
            target = await _target(httpx.URL(url), private=private)
            request = client.build_request(
                "POST",
                target.url,
                content=body,
                headers=headers | target.headers,
                extensions=target.extensions,
            )
            answer = await client.send(request, stream=True)
            await answer.aclose()
    except Forbidden as error:
        return Outcome(None, str(error), final=True)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, TimeoutError) as error:
        return Outcome(None, f"not reached: {type(error).__name__}")
    if answer.is_success:
        return Outcome(answer.status_code)
    gone = answer.status_code == httpx.codes.GONE
    return Outcome(answer.status_code, f"answered {answer.status_code}", final=gone)


@dataclass(frozen=True, slots=True)
class _Target:
    url: httpx.URL
    headers: dict[str, str]
    extensions: dict[str, str]


async def _target(url: httpx.URL, *, private: bool) -> _Target:
    """Where to connect to: an address that was looked at, so that the name means no other one then."""
    if private:
        return _Target(url, {}, {})
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(is_public(address) for address in addresses):
        raise Forbidden("it is a private address")
    host = url.netloc.decode()
    return _Target(url.copy_with(host=addresses[0]), {"host": host}, {"sni_hostname": url.host})
