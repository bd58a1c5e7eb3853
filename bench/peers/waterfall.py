"""Where the time of one turn goes, from the spans that the services send: the medians of some turns."""

import asyncio
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from peers import measures
from peers.clients import Conversation
from peers.contestants import Parley

TURNS = 20
FLUSH_MS = 200
"""How long the services gather spans before they send them."""

Span = dict[str, Any]


class Traced(Parley):
    """Parley that sends its spans to `address`."""

    address = ""

    @property
    def environment(self) -> dict[str, object]:
        """As without, and where the spans go."""
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": self.address, "OTEL_BSP_SCHEDULE_DELAY": FLUSH_MS}
        return {**super().environment, **told}


@contextmanager
def collecting(spans: list[Span]) -> Iterator[str]:
    """An OTLP endpoint that adds what comes to `spans`; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            spans.extend(_spans(ExportTraceServiceRequest.FromString(body)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        told = {each.key: each.value.string_value for each in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield {
                    "what": f"{told['service.name']}: {span.name}",
                    "begin": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                }


async def drawn(folder: Path) -> dict[str, Any]:
    """Milliseconds after the client began to send: of each span, of the first token and of the end."""
    spans: list[Span] = []
    with collecting(spans) as address:
        parley = Traced(folder)
        parley.address = address
        try:
            await parley.start()
            talk: Conversation = await parley.room(measures.new())
            for _ in range(5):
                await talk.turn(measures.PLAIN)
            began, turns = [], []
            for _ in range(TURNS):
                await asyncio.sleep(0.05)  # history-store is done with the turn before
                began.append(time.time_ns())
                turns.append(await talk.turn(measures.PLAIN))
            await asyncio.sleep(5 * FLUSH_MS / 1000)
            await talk.close()
        finally:
            await parley.stop()
    return {
        "first_ms": 1000 * median(turn.first for turn in turns),
        "turn_ms": 1000 * median(turn.end for turn in turns),
        "spans": _medians(spans, began, [turn.end for turn in turns]),
    }


def _medians(spans: list[Span], began: list[int], ends: list[float]) -> list[Span]:
    """The spans of each turn laid over each other: the n-th of a name is one in all turns."""
    found: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for begin, end in zip(began, ends, strict=True):
        seen: Counter[str] = Counter()
        within = [span for span in spans if begin <= span["begin"] <= begin + 1e9 * end]
        for span in sorted(within, key=lambda each: each["begin"]):
            place = (span["what"], seen[span["what"]])
            seen[span["what"]] += 1
            found[place].append(((span["begin"] - begin) / 1e6, (span["end"] - begin) / 1e6))
    rows = [
        {"what": what, "begin_ms": median(b for b, _ in times), "end_ms": median(e for _, e in times)}
        for (what, _), times in found.items()
        if len(times) > len(began) / 2
    ]
    return sorted(rows, key=lambda row: float(row["begin_ms"]))
