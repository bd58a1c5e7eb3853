"""Tokens against a shared secret and against a real key server on this machine."""

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pydantic import SecretStr

from identity import KeysUnavailableError, RefusedTokenError
from identity.keys import KeySet
from identity.settings import IdentitySettings
from identity.verifier import JwtVerifier

SECRET = "a shared secret of at least 32 bytes"
ISSUER = "https://issuer.test/"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def claims(**changes: object) -> dict[str, Any]:
    usual = {"sub": "u1", "exp": time.time() + 60, "iss": ISSUER, "aud": "parley"} | changes
    return {name: value for name, value in usual.items() if value is not None}


def shared(secret: str = SECRET, algorithm: str = "HS256", **changes: object) -> str:
    return jwt.encode(claims(**changes), secret, algorithm)


def unsigned(header: dict[str, object]) -> str:
    def part(value: object) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(claims())}."


def public_jwk(private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, key_id: str) -> dict[str, Any]:
    if isinstance(private, rsa.RSAPrivateKey):
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"alg": "RS256"}
    else:
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"alg": "ES256"}
    return jwk | {"kid": key_id, "use": "sig"}


class Issuer:
    """A key server whose keys the test rotates; counts how often it was asked."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [public_jwk(RSA_KEY, "r1"), public_jwk(EC_KEY, "e1")]
        self.status = 200
        self.asked = 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.asked += 1
                body = json.dumps({"keys": issuer.keys}).encode()
                self.send_response(issuer.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/jwks.json"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    thread = threading.Thread(target=issuer.server.serve_forever, args=(0.01,))
    thread.start()
    yield issuer
    issuer.server.shutdown()
    thread.join()
    issuer.server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def verifier(issuer: Issuer, clock: Clock) -> AsyncIterator[JwtVerifier]:
    async with httpx.AsyncClient(trust_env=False) as client:
        keys = KeySet(issuer.address, client, clock=clock)
        yield JwtVerifier(keys, issuer=ISSUER, audience="parley")


async def test_a_shared_secret_proves_the_subject() -> None:
    member = await JwtVerifier(SECRET, issuer=ISSUER, audience="parley").verify(shared())
    assert member.subject == "u1"


async def test_issuer_and_audience_are_checked_only_where_configured() -> None:
    token = shared(iss="https://other.test/", aud="other")
    assert (await JwtVerifier(SECRET).verify(token)).subject == "u1"


@pytest.mark.parametrize(
    "token",
    [
        shared(secret="another secret of at least 32 bytes!"),
        shared(exp=time.time() - 1),
        shared(exp=None),
        shared(exp="soon"),
        shared(exp=10**30),
        shared(nbf=time.time() + 60),
        shared(sub=None),
        shared(sub=""),
        shared(iss="https://other.test/"),
        shared(iss=None),
        shared(aud="other"),
        shared(aud=None),
        shared(secret=SECRET * 2, algorithm="HS512"),
        shared() + "x",
        unsigned({"alg": "none", "typ": "JWT"}),
        unsigned({"alg": "None"}),
        unsigned({"alg": ["HS256"]}),
        unsigned({"typ": "JWT"}),
        jwt.encode(claims(), RSA_KEY, "RS256"),
        "",
        "not a token",
        "a.b.c",
        "토큰",
    ],
)
async def test_a_token_that_proves_nothing_is_refused(token: str) -> None:
    with pytest.raises(RefusedTokenError):
        await JwtVerifier(SECRET, issuer=ISSUER, audience="parley").verify(token)


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        JwtVerifier("")


@pytest.mark.parametrize(("key", "algorithm", "key_id"), [(RSA_KEY, "RS256", "r1"), (EC_KEY, "ES256", "e1")])
@pytest.mark.parametrize("named", [True, False])
async def test_published_keys_prove_the_subject(
    verifier: JwtVerifier, key: Any, algorithm: str, key_id: str, named: bool
) -> None:
    token = jwt.encode(claims(), key, algorithm, headers={"kid": key_id} if named else None)
    assert (await verifier.verify(token)).subject == "u1"


async def test_a_public_key_is_no_shared_secret(verifier: JwtVerifier) -> None:
    pem = RSA_KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    header = {"alg": "HS256", "typ": "JWT", "kid": "r1"}
    body = shared().split(".")[1]
    head = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    algorithm = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    signature = urlsafe_b64encode(algorithm.sign(f"{head}.{body}".encode(), pem)).rstrip(b"=").decode()
    with pytest.raises(RefusedTokenError, match="HS256"):
        await verifier.verify(f"{head}.{body}.{signature}")


@pytest.mark.parametrize(
    "token",
    [
        unsigned({"alg": "none", "kid": "r1"}),
        jwt.encode(claims(), EC_KEY, "ES256", headers={"kid": "r1"}),
        jwt.encode(claims(aud="other"), RSA_KEY, "RS256", headers={"kid": "r1"}),
    ],
)
async def test_a_key_serves_its_own_algorithm_and_audience_only(verifier: JwtVerifier, token: str) -> None:
    with pytest.raises(RefusedTokenError):
        await verifier.verify(token)


async def test_a_rotated_key_is_fetched_once_and_kept(
    verifier: JwtVerifier, issuer: Issuer, clock: Clock
) -> None:
    await verifier.verify(jwt.encode(claims(), EC_KEY, "ES256", headers={"kid": "e1"}))
    clock.now += 31
    new = ec.generate_private_key(ec.SECP256R1())
    issuer.keys = [public_jwk(new, "e2")]
    token = jwt.encode(claims(), new, "ES256", headers={"kid": "e2"})
    for _ in range(3):
        await verifier.verify(token)
    assert issuer.asked == 2
    with pytest.raises(RefusedTokenError):
        await verifier.verify(jwt.encode(claims(), EC_KEY, "ES256", headers={"kid": "e1"}))


async def test_made_up_key_ids_do_not_flood_the_issuer(verifier: JwtVerifier, issuer: Issuer) -> None:
    for number in range(20):
        with pytest.raises(RefusedTokenError):
            await verifier.verify(jwt.encode(claims(), EC_KEY, "ES256", headers={"kid": f"x{number}"}))
    assert issuer.asked == 1


async def test_known_keys_outlast_an_outage(verifier: JwtVerifier, issuer: Issuer, clock: Clock) -> None:
    token = jwt.encode(claims(), RSA_KEY, "RS256", headers={"kid": "r1"})
    await verifier.verify(token)
    issuer.status = 503
    clock.now += 601
    assert (await verifier.verify(token)).subject == "u1"
    assert issuer.asked == 2


async def test_without_any_keys_no_token_is_judged(
    verifier: JwtVerifier, issuer: Issuer, clock: Clock
) -> None:
    token = jwt.encode(claims(), RSA_KEY, "RS256", headers={"kid": "r1"})
    issuer.status = 503
    with pytest.raises(KeysUnavailableError):
        await verifier.verify(token)
    issuer.status = 200
    clock.now += 31
    assert (await verifier.verify(token)).subject == "u1"


async def test_settings_name_a_secret_or_an_address_and_the_address_wins(issuer: Issuer) -> None:
    token = shared(iss=None, aud=None)
    async with IdentitySettings(secret=SecretStr(SECRET)).verifier(5) as by_secret:
        assert (await by_secret.verify(token)).subject == "u1"
        with pytest.raises(RefusedTokenError):
            await by_secret.verify(token[:-4])
    async with IdentitySettings(secret=SecretStr(SECRET), jwks_url=issuer.address).verifier(5) as by_keys:
        with pytest.raises(RefusedTokenError, match="HS256"):
            await by_keys.verify(token)
        published = jwt.encode(claims(), RSA_KEY, "RS256", headers={"kid": "r1"})
        assert (await by_keys.verify(published)).subject == "u1"
