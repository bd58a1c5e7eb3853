"""Half a character, as programs make it that cut texts: JSON can hold it, and no other text can."""

from uuid import uuid4

import httpx
import orjson
import pytest

HALF = r'"a\ud83d"'
CALLS = (
    ("POST", "/threads", '{"metadata": {"m": TEXT}}'),
    ("POST", "/threads/search", '{"metadata": {"m": TEXT}}'),
    ("POST", "/threads/search", '{"values": {"m": TEXT}}'),
    ("POST", "/threads/search", '{"ids": [TEXT]}'),
    ("POST", "/threads/count", '{"metadata": {"m": TEXT}}'),
    ("PATCH", "/threads/THREAD", '{"metadata": {TEXT: TEXT}}'),
    ("POST", "/threads/THREAD/state", '{"values": {"text": TEXT}, "as_node": "prepare"}'),
    ("POST", "/threads/THREAD/state", '{"values": {"text": "a"}, "as_node": TEXT}'),
    ("POST", "/threads/THREAD/state/checkpoint", '{"checkpoint": {"checkpoint_id": TEXT}}'),
    ("POST", "/threads/THREAD/history", '{"before": TEXT}'),
    ("POST", "/threads/THREAD/history", '{"metadata": {"m": TEXT}}'),
    ("POST", "/threads/THREAD/runs/wait", '{"assistant_id": "ask", "input": {"text": TEXT}}'),
    ("POST", "/threads/THREAD/runs/wait", '{"assistant_id": "ask", "command": {"resume": TEXT}}'),
    ("POST", "/threads/THREAD/runs/wait", '{"assistant_id": "ask", "input": {}, "checkpoint_id": TEXT}'),
    ("POST", "/runs/stream", '{"assistant_id": "ask", "input": {"text": TEXT}}'),
    ("POST", "/assistants/search", '{"metadata": {"m": TEXT}, "graph_id": TEXT}'),
    ("PUT", "/store/items", '{"namespace": ["half"], "key": "k", "value": {"v": TEXT}}'),
    ("PUT", "/store/items", '{"namespace": [TEXT], "key": "k", "value": {"v": 1}}'),
    ("PUT", "/store/items", '{"namespace": ["half"], "key": TEXT, "value": {"v": 1}}'),
    ("POST", "/store/items/search", '{"namespace_prefix": ["half"], "filter": {"v": TEXT}}'),
    ("POST", "/store/items/search", '{"namespace_prefix": [TEXT]}'),
    ("POST", "/store/namespaces", '{"prefix": [TEXT]}'),
)


@pytest.fixture(scope="module")
def thread(url: str) -> str:
    identity = str(uuid4())
    httpx.post(f"{url}/threads", json={"thread_id": identity}).raise_for_status()
    body = {"assistant_id": "ask", "input": {"text": "hi"}}
    httpx.post(f"{url}/threads/{identity}/runs/wait", json=body, timeout=30).raise_for_status()
    return identity


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_it_is_taken_as_a_question_mark_or_refused(
    url: str, thread: str, method: str, path: str, body: str
) -> None:
    answer = httpx.request(
        method,
        f"{url}{path.replace('THREAD', thread)}",
        content=body.replace("TEXT", HALF),
        headers={"content-type": "application/json"},
        timeout=30,
    )
    assert answer.status_code in (200, 204, 400, 422), answer.text
    texts = [answer.text] if "json" in answer.headers.get("content-type", "") else []
    texts += [line.removeprefix("data: ") for line in answer.text.splitlines() if line.startswith("data: ")]
    for text in texts:
        orjson.loads(text)  # stricter than Python's own


def test_what_was_kept_can_be_found(url: str) -> None:
    with httpx.Client(base_url=url, headers={"content-type": "application/json"}, timeout=30) as client:
        made = client.post("/threads", content=f'{{"metadata": {{"kept": {HALF}}}}}').json()
        assert made["metadata"] == {"kept": "a?"}
        found = client.post("/threads/search", content=f'{{"metadata": {{"kept": {HALF}}}}}').json()
        assert [each["thread_id"] for each in found] == [made["thread_id"]]
