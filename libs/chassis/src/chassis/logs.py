"""What a service writes to stderr: plain lines for people, or JSON with the trace and the conversation."""

import json
import logging
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from traceback import format_tb
from types import TracebackType
from typing import Final, TypeAlias

from opentelemetry.trace import get_current_span

from chassis.settings import LogSettings
from contracts.envelope import format_time

CONVERSATION: ContextVar[str | None] = ContextVar("conversation", default=None)
"""The conversation that the current task is about."""

_PLAIN: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_TELL_ADDRESSES: Final = ("httpx", "httpcore")
"""Libraries that log whole addresses, which may hold a token."""


_Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class PlainFormatter(logging.Formatter):
    """A line for people. Of an exception it tells the place and not the text, which people may have said."""

    def formatException(self, ei: _Raised) -> str:  # noqa: N802 - the name in logging
        """The traceback with the type of each exception in place of its text."""
        return "".join(_places(ei[1])).rstrip()


class JsonFormatter(PlainFormatter):
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
    handler.setFormatter(JsonFormatter(service) if settings.format == "json" else PlainFormatter(_PLAIN))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    for name in ("faststream", "uvicorn", *_TELL_ADDRESSES):
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in logging.root.manager.loggerDict:
        if name.split(".")[0] == "faststream":  # which brings handlers of its own
            logging.getLogger(name).handlers.clear()
            logging.getLogger(name).propagate = True


def _places(error: BaseException | None) -> Iterator[str]:
    """Where an exception and all those it came from were raised, the first one first."""
    if error is None:
        return
    yield from _places(error.__cause__ or (None if error.__suppress_context__ else error.__context__))
    yield from format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _places(each)
