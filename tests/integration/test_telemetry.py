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
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client import CollectorRegistry
from tests.manifests.promql import asked
from websockets.asyncio.client import connect

from chassis.metrics import StreamMetrics
from chassis.telemetry import pseudonym

TRACE_SECONDS = 30.0
CLIENT_SPAN = "00f067aa0ba902b7"
Span: TypeAlias = dict[str, Any]
WORDS = "get all contacts"
PROBES = ("/livez", "/readyz", "/health", "/metrics")
USER = "hong.gildong"
"""A user's id, which no span may hold, nor may any hold the name that a client gave to its conversation."""
GREETING = "안녕하세요"
"""What a model answers in its own words."""
CONVERSATIONS = {"agent": "gildong-agent", "octo": "gildong-octo", "room": "gildongRoom0"}
"""By protocol."""


class Collector:
    """An OTLP endpoint that keeps every span as one JSON object a line of a file."""

    def __init__(self, port: int, file: Path) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self._file = file
        self._writing = threading.Lock()

    def spans(self) -> list[Span]:
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
                            "version": service["service.version"],
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


def trace_of(number: int) -> dict[str, str]:
    """The headers by which a client names its trace."""
    return {"traceparent": f"00-{number:032x}-{CLIENT_SPAN}-01"}


async def octo(stack: Any, headers: dict[str, str]) -> None:
    address = f"{stack.url(scheme='ws')}/ws/{CONVERSATIONS['octo']}"
    async with connect(address, additional_headers=headers) as socket:
        await socket.recv()
        await socket.send(json.dumps({"message": GREETING}))
        while json.loads(await socket.recv()).get("type") != "final":
            continue


async def room(stack: Any, headers: dict[str, str]) -> None:
    uid = CONVERSATIONS["room"]
    address = f"{stack.url(scheme='ws')}/v3/?room_uid={uid}&user_uid={USER}"
    said = {"action": "sendmsg", "org_id": "o", "room_uid": uid, "user_id": USER, "msg": GREETING}
    async with connect(address, additional_headers=headers) as socket:
        await socket.send(json.dumps(said))
        while (event := json.loads(await socket.recv()))["event"] != "on_chain_end" or event["parent_ids"]:
            continue


async def quote(stack: Any, headers: dict[str, str]) -> None:
    name = {"userId": USER, "threadNum": "1"}
    said = name | {"content": GREETING, "timestamp": "2024-01-15T10:30:00.000Z"}
    async with httpx.AsyncClient(base_url=stack.url(), headers=headers) as client:
        (await client.post("/api/chat/send", json=said)).raise_for_status()
        (await client.get("/api/chat/stream", params=name)).raise_for_status()


async def voice(stack: Any, headers: dict[str, str]) -> None:
    async with httpx.AsyncClient(base_url=stack.url()) as client:
        session = (await client.post("/api/v1/chat/guest-sessions", json={})).json()["session_id"]
    address = f"{stack.url(scheme='ws')}/api/v1/chat/ws/guest-chat/{session}"
    async with connect(address, additional_headers=headers) as socket:
        await socket.send(json.dumps({"type": "response.create"}))
        while json.loads(await socket.recv())["type"] != "audio.done":
            continue
        await socket.send(json.dumps({"type": "disconnect"}))
        await socket.wait_closed()


async def agent(stack: Any, headers: dict[str, str]) -> None:
    await talk(stack, CONVERSATIONS["agent"], **headers)


PROTOCOLS = (agent, octo, room, quote, voice)


@pytest.fixture(scope="module")
def traces(
    tmp_path_factory: pytest.TempPathFactory, unused_port: Callable[[], int], stack_runner: Any
) -> dict[str, list[Span]]:
    """The spans of a talk over each protocol, all exported, by the protocol's name."""
    folder = tmp_path_factory.mktemp("traces")

    async def hold_all(stack: Any) -> None:
        for number, protocol in enumerate(PROTOCOLS, 1):
            async with asyncio.timeout(TRACE_SECONDS):
                await protocol(stack, trace_of(number))

    with collecting(unused_port(), folder / "spans.jsonl") as collector:
        variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "PARLEY_LOG_FORMAT": "json"}
        with stack_runner(folder / "stack", unused_port, **variables) as stack:
            asyncio.run(hold_all(stack))
        spans = collector.spans()
    told = json.dumps(spans, ensure_ascii=False)
    assert [private for private in (WORDS, GREETING, USER, *CONVERSATIONS.values()) if private in told] == []
    assert not any(span["name"].endswith(PROBES) for span in spans)
    assert {span["version"] for span in spans} == {version("parley-chassis")}
    return {
        protocol.__name__: [span for span in spans if span["trace"] == f"{number:032x}"]
        for number, protocol in enumerate(PROTOCOLS, 1)
    }


def ways(spans: list[Span]) -> dict[str, list[str]]:
    """What each span is under, up to the client; all of them are. Of spans of one name, the last."""
    return dict(every_way(spans))


def every_way(spans: list[Span]) -> list[tuple[str, list[str]]]:
    by_id = {span["id"]: span for span in spans}

    def above(span: Span) -> list[str]:
        if span["parent"] == CLIENT_SPAN:
            return []
        parent = by_id[span["parent"]]
        return [f"{parent['service']}: {parent['name']}", *above(parent)]

    return [(f"{span['service']}: {span['name']}", above(span)) for span in spans]


def metrics(stack: Any) -> dict[str, str]:
    """What each service shows at /metrics."""
    return {
        service: httpx.get(f"http://127.0.0.1:{port}/metrics").text
        for service, port in stack.inner_ports().items()
        if service not in ("nats-server", "gateway")
    }


SERVICES = {
    "agent": {"edge-ws", "edge-rest", "agent-runner", "history-store"},
    "octo": {"edge-ws", "agent-runner", "history-store"},
    "room": {"edge-ws", "agent-runner", "history-store"},
    "quote": {"edge-rest", "quote-engine", "history-store"},
    "voice": {"edge-ws", "voice-bridge", "agent-runner", "history-store"},
}


@pytest.mark.parametrize("protocol", SERVICES)
def test_what_a_client_sends_is_one_tree(traces: dict[str, list[Span]], protocol: str) -> None:
    assert {span["service"] for span in traces[protocol]} == SERVICES[protocol]
    assert ways(traces[protocol])


def test_a_message_goes_through_run_model_tool_projection_and_back(traces: dict[str, list[Span]]) -> None:
    found = ways(traces["agent"])
    work = ["agent-runner: process message.received", "edge-ws: receive"]
    run = ["agent-runner: invoke_agent planner", *work]
    assert found["edge-ws: publish LOG"] == ["edge-ws: receive"]
    assert found["agent-runner: execute_tool find_contacts"][-3:] == run
    assert found["agent-runner: execute_tool find_contacts"][0].startswith("agent-runner: node ")
    asked = [way for name, way in every_way(traces["agent"]) if name == "agent-runner: chat parley-embedded"]
    assert {way[0] for way in asked} == {"agent-runner: node planning", "agent-runner: node response"}
    assert all(way[1:] == run for way in asked)
    assert found["history-store: process message.received"] == ["edge-ws: receive"]
    assert found["history-store: process run.completed"][-3:] == run
    assert found["edge-ws: process run.completed"][-3:] == run
    assert found["history-store: answer history.entries"] == [
        "edge-rest: ask history.entries",
        "edge-rest: GET /history/{chat_id:path}",
    ]


def test_a_quote_talk_goes_through_its_engine_and_back(traces: dict[str, list[Span]]) -> None:
    received = ["edge-rest: receive", "edge-rest: POST /api/chat/send"]
    found = ways(traces["quote"])
    assert found["quote-engine: publish LOG"] == ["quote-engine: process message.received", *received]
    assert found["history-store: process quote.stage_answered"][-2:] == received
    assert found["edge-rest: process run.completed"][-2:] == received


def test_a_voice_session_is_under_the_clients_handshake(traces: dict[str, list[Span]]) -> None:
    opened = ["voice-bridge: answer voice.open", "edge-ws: ask voice.open"]
    found = ways(traces["voice"])
    assert found["voice-bridge: receive"] == opened
    assert found["history-store: process voice.reply_spoken"] == opened


def test_spans_have_the_attributes_of_the_conventions(traces: dict[str, list[Span]]) -> None:
    named = {
        span["name"]: span["attributes"] for span in traces["agent"] if span["service"] == "agent-runner"
    }
    invoked, asked, called = (
        named[name] for name in ("invoke_agent planner", "chat parley-embedded", "execute_tool find_contacts")
    )
    assert invoked["gen_ai.operation.name"] == "invoke_agent"
    assert invoked["gen_ai.agent.name"] == "planner"
    assert asked["gen_ai.operation.name"] == "chat"
    assert asked["gen_ai.provider.name"] == "parley"
    assert asked["gen_ai.request.model"] == "parley-embedded"
    assert called["gen_ai.tool.name"] == "find_contacts"
    (conversation,) = {each["gen_ai.conversation.id"] for each in (invoked, asked, called)}
    assert conversation == pseudonym(CONVERSATIONS["agent"])
    appended = named["publish LOG"]
    assert appended["messaging.system"] == "nats"
    assert appended["messaging.operation.type"] == "send"
    assert appended["messaging.destination.name"] == "LOG"


def test_without_an_endpoint_nothing_is_traced() -> None:
    program = (
        "import sys, chassis.server as service; service.TRACING.start('test');"
        "print(service.TRACING.on, [name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env={})
    assert said.stdout == "False []\n"


def kept_by_the_operator() -> CollectorRegistry:
    """What the service that keeps the streams counts; `parley up` does that itself."""
    registry = CollectorRegistry()
    StreamMetrics(registry)
    return registry


def test_every_metric_of_dashboard_and_alerts_is_exported(stack: Any) -> None:
    shown = "\n".join(metrics(stack).values())
    exported = set(re.findall(r"^# TYPE (\S+) ", shown, re.MULTILINE))
    exported |= {metric.name for metric in kept_by_the_operator().collect()}
    exported |= {f"{name}_bucket" for name in re.findall(r"^# TYPE (\S+) histogram", shown, re.MULTILINE)}
    wanted = {name for each in asked() for name in re.findall(r"(?<!:)\bparley_\w+", each.expression)}
    assert len(wanted) >= 14
    assert wanted - exported == set()


MOVED_BY_A_TALK = {
    "agent-runner": (
        'parley_turns_total{outcome="completed"}',
        "parley_run_seconds_count",
        "parley_first_token_seconds_count",
        "parley_append_seconds_count",
        'parley_model_calls_total{outcome="answered"}',
        "parley_model_first_token_seconds_count",
    ),
    "edge-rest": (
        'parley_requests_total{protocol="octo",status="2xx"}',
        'parley_request_seconds_count{protocol="octo"}',
    ),
    "edge-ws": ("parley_delta_lag_seconds_count", "parley_append_seconds_count"),
    "history-store": ("parley_history_events_total", "parley_history_position"),
}


def values(shown: str) -> dict[str, float]:
    """Each line of what Prometheus reads."""
    lines = (line.rsplit(" ", 1) for line in shown.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def test_a_talk_moves_the_figures(stack: Any) -> None:
    before = metrics(stack)
    asyncio.run(octo(stack, {}))
    httpx.get(f"{stack.url()}/api/sessions/{CONVERSATIONS['octo']}").raise_for_status()
    after = metrics(stack)
    for service, names in MOVED_BY_A_TALK.items():
        was, now = values(before[service]), values(after[service])
        assert [name for name in names if not now[name] > was.get(name, 0)] == [], service


async def test_open_connections_are_counted_while_they_are_open(stack: Any) -> None:
    def count() -> float:
        return values(metrics(stack)["edge-ws"]).get(name, 0)

    name = 'parley_open_connections{kind="websocket",protocol="octo"}'
    before = count()
    async with connect(f"{stack.url(scheme='ws')}/ws/counted") as socket:
        await socket.recv()
        assert await asyncio.to_thread(count) == before + 1
    async with asyncio.timeout(TRACE_SECONDS):
        while await asyncio.to_thread(count) != before:
            await asyncio.sleep(0.05)


def test_metrics_are_not_for_clients(stack: Any) -> None:
    for presented in (
        {},
        {"X-API-Key": "a key"},
        {"Authorization": f"Bearer {stack.token('kim', '--operator')}"},
    ):
        assert httpx.get(f"{stack.url()}/metrics", headers=presented).status_code == 404


def test_logs_hold_no_texts_and_no_tokens(
    tmp_path: Path, unused_port: Callable[[], int], stack_runner: Any
) -> None:
    with stack_runner(tmp_path / "stack", unused_port) as stack:
        asyncio.run(talk(stack, "silent", authorization="Bearer very-secret-token"))
        httpx.get(f"{stack.url()}/history/silent?token=very-secret-token&api_key=very-secret-key")
    assert "Parley is ready" in stack.log()
    assert not any(secret in stack.log() for secret in (WORDS, GREETING, "very-secret", "@example"))
