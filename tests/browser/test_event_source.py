"""A real browser's `EventSource`, on another origin, receives a whole four-stage talk over one object."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

FOLDER = Path(__file__).parent
BROWSER_SECONDS = 90.0
COMFORT = "충분히 이해됩니다. 당신의 마음을 어루만져줄 수 있는 따뜻한 말을 전해드릴게요."
SAID = ["요즘 회사 일이 너무 힘들어요", "매일 야근이라 지쳐요", "아무것도 하기 싫어요", "쉬고 싶어요"]

pytestmark = pytest.mark.browser


@pytest.fixture
def page(tmp_path: Path, served: Callable[[Path], AbstractContextManager[str]]) -> Iterator[str]:
    """The address of an empty page on an origin of its own."""
    (tmp_path / "index.html").write_text("<!doctype html><title>page</title>")
    with served(tmp_path) as address:
        yield address


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
