"""The example page in a real browser, speech from espeak-ng being its microphone, holds a talk."""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from tests.spoken import record

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "examples" / "voice_page"
BROWSER_SECONDS = 90.0
SETTLING_SECONDS = 2.0
ANSWER_SECONDS = 16.0
SAID = ("what is the email of Mia Tanaka", "thank you")

pytestmark = pytest.mark.browser


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    """What is said, with time before it for the connection and after it for the answer."""
    file = tmp_path / "microphone.wav"
    asked, thanks = SAID
    record(file, SETTLING_SECONDS, asked, ANSWER_SECONDS, thanks, ANSWER_SECONDS)
    return file


async def test_a_page_holds_a_talk(
    stack: Any,
    chromium: str,
    microphone: Path,
    node_scripts: Path,
    served: Callable[[Path], AbstractContextManager[str]],
) -> None:
    with served(PAGE) as address:
        process = await asyncio.create_subprocess_exec(
            "node",
            str(node_scripts / "voice_page.mjs"),
            chromium,
            f"{address}?server={stack.url()}",
            str(microphone),
            str(len(SAID)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(BROWSER_SECONDS):
            output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    outcome = json.loads(output)
    assert not outcome["problems"]
    assert outcome["state"] == "closed (1000)"
    whos, texts = zip(*outcome["captions"], strict=True)
    assert whos == ("user", "ai", "user", "ai")
    assert (texts[0], texts[2]) == SAID
    assert "Mia Tanaka" in texts[1]
    assert "mia.tanaka@harbor-systems.example" in texts[1]
    assert "Emma" not in texts[1]
    assert texts[3].startswith("You are welcome")
    assert outcome["loudest"] > 0.05, "the answers are to be heard"
    assert [message["content"] for message in outcome["report"]["messages"]] == list(texts)
