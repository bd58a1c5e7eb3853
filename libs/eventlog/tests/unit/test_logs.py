"""What is logged: JSON with the conversation and the trace, and tracebacks without what was said."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel

from chassis.logs import CONVERSATION, JsonFormatter, PlainFormatter

SECRET = "my heart is broken"


class Listener(BaseModel):
    """Refuses what is said, and quotes it."""

    mood: int


@pytest.fixture(params=["json", "plain"])
def logger(request: pytest.FixtureRequest) -> Iterator[tuple[logging.Logger, io.StringIO]]:
    """A logger by each formatter, and what it has written."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter("test") if request.param == "json" else PlainFormatter("%(message)s"))
    logger = logging.getLogger(f"test of {request.param} logs")
    logger.addHandler(handler)
    yield logger, written
    logger.removeHandler(handler)


def listen() -> None:
    try:
        Listener.model_validate({"mood": SECRET})
    except ValueError as error:
        raise ExceptionGroup(f"while hearing {SECRET}", [RuntimeError(SECRET)]) from error


def test_a_traceback_says_where_but_not_what(logger: tuple[logging.Logger, io.StringIO]) -> None:
    log, written = logger
    try:
        listen()
    except ExceptionGroup:
        log.exception("it failed")
    said = written.getvalue()
    assert SECRET not in said
    for part in ("it failed", "ValidationError", "ExceptionGroup", "builtins.RuntimeError", "in listen"):
        assert part in said


def test_a_line_has_the_conversation_and_the_trace() -> None:
    record = logging.LogRecord("a.logger", logging.INFO, "", 0, "%s of it", ("more",), None)
    token = CONVERSATION.set("kim:1")
    try:
        with TracerProvider().get_tracer("test").start_as_current_span("a span") as span:
            line = json.loads(JsonFormatter("edge-ws").format(record))
    finally:
        CONVERSATION.reset(token)
    context = span.get_span_context()
    assert line | {"time": ""} == {
        "time": "",
        "level": "info",
        "service": "edge-ws",
        "logger": "a.logger",
        "message": "more of it",
        "conversation": "kim:1",
        "trace_id": f"{context.trace_id:032x}",
        "span_id": f"{context.span_id:016x}",
    }
