"""HEAD and redirects of every endpoint, through the middleware as the application has it."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import RedirectResponse, StreamingResponse

from edge_rest.forms import Head, RelativeRedirects


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.add_middleware(RelativeRedirects)
    app.add_middleware(Head)

    @app.get("/thing/")
    async def thing() -> dict[str, str]:
        return {"a": "b"}

    @app.post("/only-post")
    async def only_post() -> None:
        """Never called."""

    @app.get("/elsewhere")
    async def elsewhere() -> RedirectResponse:
        return RedirectResponse("https://example.org/x")

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def endless() -> AsyncIterator[str]:
            while True:
                yield "data: x\n\n"
                await asyncio.sleep(0)

        return StreamingResponse(endless(), media_type="text/event-stream")

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.example:8000") as made:
        yield made


async def test_head_is_get_without_its_body(client: httpx.AsyncClient) -> None:
    shown, asked = await client.get("/thing/"), await client.head("/thing/")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers == shown.headers


async def test_head_of_what_is_only_posted_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.head("/only-post")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_head_of_a_stream_ends(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(10):
        answer = await client.head("/stream")
    assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    ("asked", "to"),
    [
        ("/thing?a=%20b", "/thing/?a=%20b"),
        ("/elsewhere", "https://example.org/x"),
    ],
)
async def test_a_redirect_here_names_no_host(client: httpx.AsyncClient, asked: str, to: str) -> None:
    answer = await client.get(asked)
    assert (answer.status_code, answer.headers["location"]) == (307, to)


async def test_a_path_that_looks_like_a_host_does_not_become_one() -> None:
    app = FastAPI()
    app.add_middleware(RelativeRedirects)
    app.get("/{path:path}/")(lambda path: path)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.example") as client:
        answer = await client.get("http://chat.example//evil.example/x")
    assert answer.headers["location"] == "/evil.example/x/"
