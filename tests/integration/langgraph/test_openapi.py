"""Requests made from the OpenAPI document, right ones and wrong ones: no answer is the server's own failure.

``TEST_EXAMPLES=50`` makes more of them.
"""

import os
from functools import partial
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis import GenerationMode
from tests.strange_requests import CALL_SECONDS, try_all

EXAMPLES = int(os.environ.get("TEST_EXAMPLES", "5"))
NEVER_END = {"POST /threads/{thread_id}/stream/events", "GET /threads/{thread_id}/stream"}


@pytest.fixture(scope="module")
def document(url: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.get(f"{url}/openapi.json", timeout=CALL_SECONDS).json()
    return found


@pytest.fixture(scope="module")
def thread(url: str) -> str:
    """A thread that is there, with a run."""
    with httpx.Client(base_url=url, timeout=CALL_SECONDS) as client:
        made: str = client.post("/threads", json={}).json()["thread_id"]
        client.post(f"/threads/{made}/runs/wait", json={"assistant_id": "nest", "input": {"text": "x"}})
    return made


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_no_input_is_too_strange(
    url: str, document: dict[str, Any], thread: str, mode: GenerationMode
) -> None:
    names = [
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if "langgraph" in operation.get("tags", ())
    ]
    assert len(names) > 40
    schema = schemathesis.openapi.from_dict(document)
    tried = 0
    for name in sorted(set(names) - NEVER_END):
        method, path = name.split(" ")
        tried += try_all(schema[path][method], mode, url, examples=EXAMPLES, prepare=partial(known, thread))
    print(f"{tried} cases")  # noqa: T201 - how many there were is what is asked for by hand


def known(thread: str, case: Any, number: int) -> None:
    """Let two of three cases be about what is there, and no run begin so late that nobody can wait for it."""
    if isinstance(case.body, dict) and isinstance(case.body.get("after_seconds"), int | float):
        case.body["after_seconds"] = min(case.body["after_seconds"], 0)
    if number % 3 == 0:
        return
    if "DELETE" not in case.method and "thread_id" in (case.path_parameters or {}):
        case.path_parameters["thread_id"] = thread
    if isinstance(case.body, dict) and "assistant_id" in case.body:
        case.body["assistant_id"] = "nest"
