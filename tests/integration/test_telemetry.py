"""One message is one trace, the dashboard shows what is measured, and logs tell no secrets."""

import asyncio
import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from websockets.asyncio.client import connect

ROOT = Path(__file__).parents[2]
TRACE_SECONDS = 30.0
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CLIENT_SPAN = "00f067aa0ba902b7"
WORDS = "get all contacts"
GREETING = "안녕하세요"
"""What a model answers in its own words."""


class Collector:
    """An OTLP endpoint that keeps every span as one JSON object a line of a file."""

    def __init__(self, port: int, file: Path) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._file = file
        self._writing = threading.Lock()

    def spans(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._file.read_text().splitlines()]

    def keep(self, request: ExportTraceServiceRequest) -> None:
        with self._writing, self._file.open("a") as file:
            for resource in request.resource_spans:
                service = {each.key: each.value.string_value for each in resource.resource.attributes}
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        attributes = {
                            each.key: each.value.string_value or each.value.int_value
                            for each in span.attributes
                        }
                        kept = {
                            "service": service["service.name"],
                            "name": span.name,
                            "trace": span.trace_id.hex(),
                            "id": span.span_id.hex(),
                            "parent": span.parent_span_id.hex(),
                            "attributes": attributes,
                        }
                        file.write(json.dumps(kept, ensure_ascii=False) + "\n")


@contextmanager
def collecting(port: int, file: Path) -> Iterator[Collector]:
    collector = Collector(port, file)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.keep(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield collector
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


async def talk(stack: Any, chat_id: str, **headers: str) -> None:
    """One message and its answer, and the history of both."""
    address = f"{stack.url('PARLEY_AGENT_WS_PORT', 'ws')}/chat/{chat_id}"
    async with asyncio.timeout(TRACE_SECONDS), connect(address, additional_headers=headers) as socket:
        for number, text in enumerate((WORDS, GREETING)):
            await socket.send(json.dumps({"type": "client", "message": text, "message_id": str(number)}))
            while json.loads(await socket.recv())["type"] != "message_end":
                continue
        async with httpx.AsyncClient(headers=headers) as client:
            answer = await client.get(f"{stack.url()}/history/{chat_id}")
        assert answer.status_code == 200


def metrics(stack: Any) -> dict[str, str]:
    """What each service shows at /metrics."""
    return {
        service: httpx.get(f"http://127.0.0.1:{port}/metrics").text
        for service, port in stack.inner_ports().items()
        if service not in ("nats-server", "front-door")
    }


def test_one_message_is_one_tree(tmp_path: Path, unused_port: Callable[[], int], stack_runner: Any) -> None:
    with collecting(unused_port(), tmp_path / "spans.jsonl") as collector:
        variables = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
            "OTEL_BSP_SCHEDULE_DELAY": "100",
            "PARLEY_LOG_FORMAT": "json",
        }
        with stack_runner(tmp_path / "stack", unused_port, **variables) as stack:
            asyncio.run(talk(stack, "traced", traceparent=f"00-{TRACE_ID}-{CLIENT_SPAN}-01"))
        spans = [span for span in collector.spans() if span["trace"] == TRACE_ID]

    assert {span["service"] for span in spans} == {"edge-ws", "edge-rest", "agent-runner", "history-store"}
    by_id = {span["id"]: span for span in spans}
    assert all(span["parent"] == CLIENT_SPAN or span["parent"] in by_id for span in spans)

    def above(span: dict[str, Any]) -> list[str]:
        names = []
        while parent := by_id.get(span["parent"]):
            names.append(f"{parent['service']}: {parent['name']}")
            span = parent
        return names

    work = ["agent-runner: process message.received", "edge-ws: receive"]
    run = ["agent-runner: invoke_agent planner", *work]
    found = {f"{span['service']}: {span['name']}": above(span) for span in spans}
    assert found["edge-ws: publish LOG"] == ["edge-ws: receive"]
    assert found["agent-runner: execute_tool find_contacts"][-3:] == run
    assert found["agent-runner: execute_tool find_contacts"][0].startswith("agent-runner: node ")
    assert found["agent-runner: chat parley-embedded"] == ["agent-runner: node response", *run]
    assert found["history-store: process message.received"] == ["edge-ws: receive"]
    assert found["history-store: process run.completed"][-3:] == run
    assert found["edge-ws: process run.completed"][-3:] == run
    assert found["history-store: answer history.entries"] == [
        "edge-rest: ask history.entries",
        "edge-rest: GET /history/{chat_id:path}",
    ]
    attributes = next(span["attributes"] for span in spans if span["name"] == "invoke_agent planner")
    assert attributes["gen_ai.conversation.id"] == "traced"
    assert WORDS not in json.dumps(spans)


def test_without_an_endpoint_nothing_is_traced() -> None:
    program = (
        "import sys, eventlog.service as service; service.TRACING.start('test');"
        "print(service.TRACING.on, [name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={})
    assert said.stdout == "False []\n"


def test_every_metric_of_the_dashboard_is_measured(stack: Any) -> None:
    asyncio.run(talk(stack, "measured"))
    shown = "\n".join(metrics(stack).values())
    dashboard = json.loads((ROOT / "deploy/grafana/parley.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    wanted = {name for query in queries for name in re.findall(r"\bparley_\w+", query)}
    assert len(wanted) >= 10
    missing = {name for name in wanted if not re.search(rf"^(# TYPE )?{name}[{{ ]", shown, re.MULTILINE)}
    assert missing == set()
    assert re.search(r'^parley_turns_total{outcome="completed"} [1-9]', shown, re.MULTILINE)
    assert re.search(r'^parley_queue_depth{responder="agent-runner"} 0', shown, re.MULTILINE)


def test_metrics_are_not_for_clients(stack: Any) -> None:
    assert httpx.get(f"{stack.url()}/metrics").status_code == 404


def test_logs_hold_no_texts_and_no_tokens(
    tmp_path: Path, unused_port: Callable[[], int], stack_runner: Any
) -> None:
    with stack_runner(tmp_path / "stack", unused_port) as stack:
        asyncio.run(talk(stack, "silent", authorization="Bearer very-secret-token"))
        httpx.get(f"{stack.url()}/history/silent?token=very-secret-token&api_key=very-secret-key")
    assert "Parley is ready" in stack.log()
    assert not any(secret in stack.log() for secret in (WORDS, GREETING, "very-secret", "@example"))
