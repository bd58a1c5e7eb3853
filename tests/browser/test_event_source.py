"""A real browser's `EventSource`, on another origin, receives a whole four-stage talk over one object."""

import asyncio
import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

FOLDER = Path(__file__).parent
BROWSER_SECONDS = 90.0
COMFORT = "충분히 이해됩니다. 당신의 마음을 어루만져줄 수 있는 따뜻한 말을 전해드릴게요."
SAID = ["요즘 회사 일이 너무 힘들어요", "매일 야근이라 지쳐요", "아무것도 하기 싫어요", "쉬고 싶어요"]

pytestmark = pytest.mark.browser


class _Page(SimpleHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>page</title>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in http.server
        """Say nothing."""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """The address of a page on an origin of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Page, directory=str(tmp_path))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}/"
        server.shutdown()
        thread.join()


async def test_a_page_of_another_origin_hears_the_whole_talk(stack: Any, chromium: str, page: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "node",
        str(FOLDER / "event_source.mjs"),
        chromium,
        page,
        stack.url("PARLEY_QUOTE_PORT"),
        f"user {uuid4()}",
        json.dumps(SAID),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(BROWSER_SECONDS):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    outcome = json.loads(output)
    assert outcome["origin"] + "/" == page
    polled = [{"content": each["content"], "quote": each["quote"]} for each in outcome["statuses"]]
    assert outcome["replies"] == polled
    assert len(polled) == len(SAID)
    assert polled[-1]["content"] == COMFORT
    assert polled[-1]["quote"]["text"]
