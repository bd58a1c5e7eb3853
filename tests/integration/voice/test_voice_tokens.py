"""Members' tokens against an identity provider that publishes, rotates and fails to tell its keys."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from websockets.exceptions import ConnectionClosed

Key: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

SECONDS = 20.0
LIFETIME = 1.0
ISSUER = "https://issuer.test/"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
NEW_KEY = ec.generate_private_key(ec.SECP256R1())


def published(key: Key, key_id: str) -> dict[str, Any]:
    if isinstance(key, rsa.RSAPrivateKey):
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwk | {"kid": key_id, "use": "sig"}


def token(key: Key, key_id: str, **claims: object) -> str:
    usual = {"sub": "kim", "exp": int(time.time()) + 600, "iss": ISSUER, "aud": "parley"} | claims
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    present = {name: value for name, value in usual.items() if value is not None}
    return jwt.encode(present, key, algorithm, headers={"kid": key_id})


def by_hand(header: dict[str, str], secret: bytes | None = None) -> str:
    """A token that no library would make: unsigned, or signed by HS256 with the published key."""
    body = token(RSA_KEY, "r1").split(".")[1]
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    if secret is None:
        return f"{head}.{body}."
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{head}.{body}".encode(), secret
    )
    return f"{head}.{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


class Provider:
    """An identity provider; `asked` counts how often its keys were asked for."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = []
        self.status = 200
        self.asked = 0
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.asked += 1
                body = json.dumps({"keys": provider.keys}).encode()
                self.send_response(provider.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def provider() -> Iterator[Provider]:
    provider = Provider()
    thread = threading.Thread(target=provider.server.serve_forever, args=(0.01,))
    thread.start()
    yield provider
    provider.server.shutdown()
    thread.join()
    provider.server.server_close()


@pytest.fixture
def voice(
    tmp_path: Path, provider: Provider, voice_stack: Any, voice_of: Callable[[Any], Any]
) -> Iterator[Any]:
    with voice_stack(
        tmp_path / "stack",
        PARLEY_JWT_JWKS_URL=f"http://127.0.0.1:{provider.server.server_port}/jwks.json",
        PARLEY_JWT_JWKS_LIFETIME=str(LIFETIME),
        PARLEY_JWT_ISSUER=ISSUER,
        PARLEY_JWT_AUDIENCE="parley",
    ) as stack:
        yield voice_of(stack)


async def test_members_are_known_by_published_keys(voice: Any, provider: Provider) -> None:
    session_id = (await voice.create())["session_id"]

    async def closed(presented: str) -> tuple[int, list[str]]:
        """The code that a connection with a token ends with, and the errors before it."""
        async with voice.call(session_id, "kim", token=presented) as caller:
            with suppress(ConnectionClosed):  # by which it is refused
                await caller.send(type="disconnect")
            code: int = await caller.expect_close()
            return code, [error["code"] for error in caller.of("error")]

    async def until_closed(presented: str, code: int) -> None:
        async with asyncio.timeout(SECONDS):
            while (await closed(presented))[0] != code:
                await asyncio.sleep(LIFETIME / 10)

    rs256, es256 = token(RSA_KEY, "r1"), token(EC_KEY, "e1")
    provider.status = 503
    assert await closed(rs256) == (1011, ["server_error"]), "no token is judged before the keys were read"
    async with httpx.AsyncClient(base_url=voice.stack.url()) as client:
        headers = {"Authorization": f"Bearer {rs256}"}
        assert (await client.post("/api/v1/chat/sessions", headers=headers)).status_code == 503

    provider.keys = [published(RSA_KEY, "r1"), published(EC_KEY, "e1")]
    provider.status = 200
    await until_closed(rs256, 1000)
    assert await closed(es256) == (1000, [])

    public = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    for name, refused in {
        "expired": token(RSA_KEY, "r1", exp=int(time.time()) - 1),
        "for ever": token(RSA_KEY, "r1", exp=None),
        "of nobody": token(RSA_KEY, "r1", sub=None),
        "for others": token(RSA_KEY, "r1", aud="other"),
        "for nobody": token(RSA_KEY, "r1", aud=None),
        "by others": token(RSA_KEY, "r1", iss="https://other.test/"),
        "by another key": token(NEW_KEY, "e1"),
        "by a key of another kind": token(EC_KEY, "r1"),
        "alg none": by_hand({"alg": "none", "typ": "JWT", "kid": "r1"}),
        "without an algorithm": by_hand({"typ": "JWT", "kid": "r1"}),
        "unsigned": rs256.rpartition(".")[0] + ".",
        "by the published key as a secret": by_hand({"alg": "HS256", "typ": "JWT", "kid": "r1"}, public),
        "by a shared secret": voice.token("kim"),
    }.items():
        assert await closed(refused) == (1008, []), name

    provider.keys = [published(EC_KEY, "e1")]
    await until_closed(rs256, 1008)
    assert await closed(es256) == (1000, [])
    provider.keys = [published(EC_KEY, "e1"), published(NEW_KEY, "e2")]
    new = token(NEW_KEY, "e2")
    await until_closed(new, 1000)

    provider.status = 503
    asked = provider.asked
    async with asyncio.timeout(SECONDS):
        while provider.asked == asked:
            assert await closed(new) == (1000, []), "keys that were read outlast an outage"
    assert await closed(rs256) == (1008, [])
