"""Scenarios recorded from LangGraph's own server, and what is different here, each with its reason."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from langgraph_sdk import get_client
from tests.integration.langgraph.before import BEFORE
from tests.integration.langgraph.clients import ByPython
from tests.integration.langgraph.javascript import ByJavaScript, player
from tests.integration.langgraph.listener import SECONDS, Listener
from tests.integration.langgraph.remote import UNSAID, ByRemoteGraph
from tests.integration.langgraph.replay import Replay
from tests.integration.langgraph.scenario import Scenario

FOLDER = Path(__file__).parent / "recorded"
NOT_SERVED = "crons"
RECORDED = sorted(path for path in FOLDER.glob("*.jsonl") if path.stem != NOT_SERVED)
OWN_NAMES = {"chat": "lgchat"}

BY_REMOTE_GRAPH = [path for path in RECORDED if UNSAID.get(path.stem, ((0,), ""))[0]]

DIFFERENT = {
    "every run can be replayed here": r"kwargs\.resumable",
    "LangGraph keeps ids out of a checkpoint's metadata": r"metadata\.(thread|checkpoint)_id is missing",
    "errors name the field in this server's words": r"(v2-)?errors .*(\.detail|\.message) is",
    "and of its numbers": r"threads-search 1[567] POST /threads/search: \.detail is",
    "so do those of a store": r"store \d+ \w+ \S+: (\.detail)? ?is .*(must|should)",
    "this server has graphs of its own": r"Must be either|assistants 27 POST|assistants 1 .*pagination-total",
    "a stateless stream is found again by its thread": r"/runs/stream: header location is '/threads/",
    "a context stays a context": r"(configurable|metadata)\.user_name is missing",
    "and so in an assistant": r"assistants .*config\.configurable is missing",
    "the server's own marks": r"\.__\w+ is missing",
    "what it is": r"meta 3 .*\.(version|langgraph_py_version|host\.\w+|flags\.\w+) is",
    "its root tells of itself": r"meta 4 GET /: ",
    "a preflight names a method": r"meta 7 OPTIONS",
    "numbers are those of the log": r"meta\.applied_through_seq is|result\.replayed_events is",
    "what is interrupted ends a moment later": r"double-interrupt 3 .* is 'running', not 'interrupted'",
    "a thread's events are not asked for by modes": r"v2-chat 6 .*(thread_id|stream_mode|subgraphs) (is|has)",
    "what is empty is left out of a tool's output": r"tools\.data\.params\.data\.output\.",
    "a subgraph's schema has a name": r"subgraphs\S*: \.inner\.state_schema\.title is",
    "durability says it all": r"kwargs\.checkpoint_during is",
    "what the original answers with 500 or 422 is understood": r"threads-(search 7|state (4|5)) POST",
    "a run starts at once here, and is over sooner": r"\.status is '\w+', not '(pending|running|busy)'",
    "any conversation's key may be asked for": r"not-a-uuid",
    "a strict resume is told that nothing waits": r"strict|interrupt-two 9 POST",
    "a payload of debug names its checkpoint once": r"debug\.data\.payload\.(parent_)?checkpoint is missing",
    "words of errors": r"(cancel|threads-(crud|state)|assistants) .*(\.detail|\.error\.message) is",
    "and of what cancels": r"on-disconnect 5 .*\.error\.message is",
    "a cancelled run has an error of its own kind": r"cancel 17 .*\.error is",
    "every event has an id of its own": r"(messages|values|updates|metadata)\.id is '\d+', not '\d+'",
    "others' threads are on this server too": r"js-runs-stream 4 POST \S+: header x-pagination",
    "the thread keeps its state when a run is deleted": r"runs-background 13 ",
    "nothing is pruned": r"threads-state 2[012] ",
    "items of a store come newest first": r"store (6|8) POST",
}


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_scenario_by_the_python_client(path: Path, url: str, hook: Listener) -> None:
    scenario = read(path, hook)
    async with get_client(url=url, api_key=None) as sdk:
        await compared(ByPython(sdk, scenario, OWN_NAMES, is_excused), scenario, sdk.http.client, hook)


@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("path", BY_REMOTE_GRAPH, ids=lambda path: path.stem)
async def test_a_scenario_by_a_remote_graph(path: Path, url: str, hook: Listener) -> None:
    scenario = read(path, hook)
    async with get_client(url=url, api_key=None) as sdk:
        replay = ByRemoteGraph(sdk, scenario, OWN_NAMES, is_excused_by_remote_graph)
        await compared(replay, scenario, sdk.http.client, hook)
    assert replay.said or path.stem in UNSAID


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*deprecated:DeprecationWarning")
@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
async def test_a_scenario_by_the_javascript_client(
    path: Path, url: str, hook: Listener, node: Callable[..., Any]
) -> None:
    scenario = read(path, hook)
    async with (
        get_client(url=url, api_key=None) as sdk,
        player("play.mjs", Path(__file__).parent / "js", url) as playing,
    ):
        replay = ByJavaScript(playing, sdk, scenario, OWN_NAMES, is_excused)
        await compared(replay, scenario, sdk.http.client, hook)


def is_excused(difference: str) -> bool:
    return any(re.search(pattern, difference) for pattern in DIFFERENT.values())


def is_excused_by_remote_graph(difference: str) -> bool:
    asks_for_updates_as_well = re.search(r"\.kwargs\.stream_mode has", difference)
    return bool(asks_for_updates_as_well) or is_excused(difference)


def read(path: Path, hook: Listener) -> Scenario:
    addresses = {"http://127.0.0.1:8189/hook": hook.url, '"/relative"': json.dumps(hook.url)}
    return Scenario.read(path, addresses | {"bb856e64": uuid4().hex})


async def compared(replay: Replay, scenario: Scenario, client: httpx.AsyncClient, hook: Listener) -> None:
    """Say it, and fail where an answer differs without a reason."""
    name = scenario.path.stem
    if name in BEFORE:
        await BEFORE[name](client, scenario, OWN_NAMES["chat"])
    found = await replay.run()
    posts: dict[str, dict[str, object]] = {}
    async with asyncio.timeout(SECONDS):
        for told in scenario.webhooks:
            run_id = scenario.filled(told["run_id"])
            while run_id not in posts:
                _, body = await hook.next()
                posts[str(body["run_id"])] = body
            found += replay.posted(told, posts[run_id])
    assert not found, found


async def test_what_is_not_served_is_not_found(url: str) -> None:
    lines = (FOLDER / f"{NOT_SERVED}.jsonl").read_text().splitlines()[1:]
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        for request in (json.loads(line)["request"] for line in lines):
            answer = await client.request(request["method"], request["path"], json=request["body"])
            assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})
        assert (await client.get("/info")).json()["flags"][NOT_SERVED] is False


async def test_what_pages_ask_for_they_may_ask_for_from_another_origin(url: str) -> None:
    origin, sent = "http://localhost:3000", "content-type,x-api-key,authorization,last-event-id"
    asked = {
        (line["request"]["method"], re.sub(r"<[^>]+>", str(uuid4()), line["request"]["path"]))
        for path in FOLDER.glob("js-*.jsonl")
        for line in map(json.loads, path.read_text().splitlines()[1:])
        if "ws" not in line["response"]
    } | {("GET", "/info")}
    async with httpx.AsyncClient(base_url=url, timeout=30, headers={"Origin": origin}) as client:
        for method, path in sorted(asked):
            preflight = {"Access-Control-Request-Method": method, "Access-Control-Request-Headers": sent}
            allowed = (await client.options(path, headers=preflight)).headers
            assert allowed["access-control-allow-origin"] == origin, (method, path)
            assert method in allowed["access-control-allow-methods"], (method, path)
            assert set(sent.split(",")) <= set(
                allowed["access-control-allow-headers"].lower().replace(" ", "").split(",")
            )
        exposed = (await client.get("/info")).headers["access-control-expose-headers"].lower()
    assert {"location", "content-location", "x-pagination-total"} <= set(exposed.split(", "))
