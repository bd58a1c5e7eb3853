"""What a service writes to stderr: plain lines for people, or JSON with the trace and the conversation."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Final

from opentelemetry.trace import get_current_span

from contracts.envelope import format_time
from eventlog.settings import LogSettings

CONVERSATION: ContextVar[str | None] = ContextVar("conversation", default=None)
"""The conversation that the current task is about."""

_PLAIN: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_TELL_ADDRESSES: Final = ("httpx", "httpcore")
"""Libraries that log whole addresses, which may hold a token."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; a traceback is one field."""
        entry = {
            "time": format_time(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if conversation := CONVERSATION.get():
            entry["conversation"] = conversation
        if (context := get_current_span().get_span_context()).is_valid:
            entry["trace_id"] = f"{context.trace_id:032x}"
            entry["span_id"] = f"{context.span_id:016x}"
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up(service: str, settings: LogSettings) -> None:
    """Log to stderr in the form that is configured."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service) if settings.format == "json" else logging.Formatter(_PLAIN))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    for name in ("uvicorn", *_TELL_ADDRESSES):
        logging.getLogger(name).setLevel(logging.WARNING)
