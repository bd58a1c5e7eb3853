"""Scenarios recorded from LangGraph's own server, and what is different here, each with its reason."""

import re
from pathlib import Path

import httpx
import pytest
from tests.integration.langgraph.replay import Replay, Scenario

RECORDED = sorted((Path(__file__).parent / "recorded").glob("*.jsonl"))
OWN_NAMES = {"chat": "lgchat"}

DIFFERENT = {
    "every run can be replayed here": r"kwargs\.resumable",
    "LangGraph keeps the thread's id out of a checkpoint's metadata": r"metadata\.thread_id is missing",
    "errors name the field in this server's words": r"(errors|v2-errors) .*(\.detail|\.message) is",
    "so do those of a store": r"store \d+ \w+ \S+: (\.detail)? ?is .*(must|should)",
    "this server has graphs of its own": r"Must be either",
    "a stateless stream is found again by its thread": r"/runs/stream: header location is '/threads/",
    "a context stays a context": r"configurable\.user_name is missing",
    "a run starts at once here, and is over sooner": r"\.status is '(running|success|interrupted)'",
    "any conversation's key may be asked for": r"not-a-uuid",
    "a strict resume is told that nothing waits": r"strict|interrupt-two 9 POST",
    "a payload of debug names its checkpoint once": r"debug\.data\.payload\.(parent_)?checkpoint is missing",
    "words of errors": r"(cancel|threads-crud) .*(\.detail|\.error\.message) is|cancel 17 .*\.error is",
    "what is joined late begins late": r"join-stream-resumable 12 |join-stream (3|9) ",
    "every event has an id of its own": r"(messages|values|updates)\.id is '\d+', not '\d+'",
    "others' threads are on this server too": r"js-runs-stream 4 POST /threads/search",
    "the thread keeps its state when a run is deleted": r"runs-background 13 ",
    "items of a store come newest first": r"store (6|8) POST",
}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_recorded_scenario(path: Path, url: str) -> None:
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        found = await Replay(client, Scenario.read(path), OWN_NAMES).run()
    named = [f"{path.stem} {difference}" for difference in found]
    expected = [re.compile(pattern) for pattern in DIFFERENT.values()]
    assert not [each for each in named if not any(one.search(each) for one in expected)]
