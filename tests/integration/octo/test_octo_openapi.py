"""The OpenAPI document: whole, true, and usable without a network."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import schemathesis
from schemathesis import GenerationMode
from tests.strange_requests import CALL_SECONDS, try_all

EXAMPLES = 12
ERRORS = {400, 404, 409, 413, 422, 500, 503, 504}
OPERATIONS = {
    "GET /",
    "GET /health",
    "POST /chat",
    "GET /api/sessions",
    "GET /api/sessions/{thread_id}",
    "DELETE /api/sessions/{thread_id}",
    "POST /api/sessions/{thread_id}/resume",
    "POST /api/sessions/{thread_id}/cancel",
    "POST /api/sessions/{thread_id}/fork",
    "GET /api/sessions/{thread_id}/checkpoints",
    "GET /api/sessions/{thread_id}/checkpoints/{checkpoint_id}",
    "GET /api/sessions/{thread_id}/history",
    "GET /history/{chat_id}",
    "POST /agent/run",
}


@pytest.fixture(scope="module")
def document(stack: Any) -> dict[str, Any]:
    answer = httpx.get(f"{stack.url()}/openapi.json", timeout=CALL_SECONDS)
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_route_is_documented(document: dict[str, Any]) -> None:
    found = dict(operations(document))
    assert found.keys() >= OPERATIONS
    for name, operation in found.items():
        assert operation["description"], name


def octo(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations of this protocol; others have error bodies of their own."""
    return ((name, operation) for name, operation in operations(document) if name in OPERATIONS)


def test_every_error_has_a_model_and_an_example(document: dict[str, Any]) -> None:
    for name, operation in octo(document):
        for code, response in operation["responses"].items():
            if int(code) in ERRORS:
                content = response["content"]["application/json"]
                assert content["schema"] == {"$ref": "#/components/schemas/ErrorBody"}, (name, code)
                assert content["example"]["detail"], (name, code)


def test_every_body_has_an_example(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name, operation in octo(document):
        if "requestBody" in operation:
            reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            schema = schemas[reference.rsplit("/", 1)[-1]]
            fields = schema["properties"].values()
            assert "examples" in schema or any("examples" in field for field in fields), name


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_pages_need_no_network(rest: httpx.AsyncClient, page: str) -> None:
    answer = await rest.get(page)
    assert answer.status_code == 200
    addresses = re.findall(r"""(?:src|href)=["']([^"']+)["']""", answer.text)
    assert addresses
    for address in addresses:
        assert address.startswith("/static/vendor/"), address
        assert (await rest.get(address)).status_code == 200
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_no_input_is_too_strange(
    stack: Any, document: dict[str, Any], operation: str, mode: GenerationMode
) -> None:
    method, path = operation.split(" ")
    described = schemathesis.openapi.from_dict(document)[path][method]
    try_all(described, mode, stack.url(), examples=EXAMPLES)
