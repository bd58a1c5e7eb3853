"""Webhooks: what is signed, and what nothing is posted to."""

import asyncio
import base64
import hashlib
import hmac
import socket
from typing import Any

import pytest
from fastapi import HTTPException

from edge_rest.langgraph.webhooks import Webhooks, is_public, signature
from edge_rest.settings import EdgeSettings

SECRET = "for the tests"
PRIVATE = (
    "127.0.0.1", "10.1.2.3", "192.168.0.9", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.1",
    "224.0.0.1", "::1", "::", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1",
    "2002:7f00:1::", "64:ff9b::7f00:1",
)  # fmt: skip


def webhooks(**settings: Any) -> Webhooks:
    return Webhooks(EdgeSettings(**{"webhook_secret": SECRET, **settings}))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_is_told_in_every_form(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_one(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x", "http://localhost:80/x", "http://a.localhost/", "http://[::1]/", "https://db.internal/",
        "http://2130706433/", "http://0x7f.1/", "/relative", "ftp://example.org/", "http://", "x", "",
    ],
)  # fmt: skip
def test_what_can_be_told_by_the_url_alone_is_refused_at_once(url: str) -> None:
    with pytest.raises(HTTPException, match="webhook") as refused:
        webhooks().check(url)
    assert refused.value.status_code == 422


def test_a_public_url_is_taken_and_a_private_one_where_it_is_allowed() -> None:
    webhooks().check("https://example.org:8443/hook?a=b")
    webhooks(webhook_private=True).check("http://127.0.0.1:9/x")
    with pytest.raises(HTTPException, match="PARLEY_WEBHOOK_SECRET"):
        webhooks(webhook_secret="").check("https://example.org/")


async def test_a_name_that_means_a_private_address_is_not_posted_to(monkeypatch: pytest.MonkeyPatch) -> None:
    async def found(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, 1, 6, "", ("1.1.1.1", 80)), (socket.AF_INET, 1, 6, "", ("10.0.0.1", 80))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    outcome = await webhooks().post("http://innocent.example/", "id", 1, b"{}")
    assert (outcome.status, outcome.final) == (None, True)
    assert "private" in outcome.problem


async def test_what_cannot_be_reached_is_tried_again() -> None:
    outcome = await webhooks(webhook_private=True).post("http://127.0.0.1:9/", "id", 1, b"{}")
    assert outcome.problem
    assert not outcome.final


def test_the_signature_is_that_of_standard_webhooks() -> None:
    right = base64.b64encode(hmac.new(SECRET.encode(), b"id.7.{}", hashlib.sha256).digest()).decode()
    assert signature(SECRET, "id", 7, b"{}") == f"v1,{right}"
