"""Answers to queries: every question gets one, a failure in one form, and one of any size in parts.

NATS takes messages of 1 MiB. A larger answer comes as several, each of which says which part it is.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from copy import copy
from typing import Any, Final

from faststream import BaseMiddleware, ExceptionMiddleware
from faststream.message import StreamMessage
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from pydantic import BaseModel, ValidationError

from chassis import conventions as names
from chassis.telemetry import TRACING
from contracts.queries import Failure
from eventlog.ports import LogError
from eventlog.text import json_of

logger = logging.getLogger(__name__)

PART: Final = "parley-part"
PART_BYTES: Final = 512 * 1024
MAX_PARTS: Final = 256
"""So many messages a service may answer one question with."""
_NOBODY: Final = "503"


class TooLongAnAnswer(Exception):
    """An answer would take more than `MAX_PARTS` parts."""


class Answering(BaseMiddleware):
    """The span of answering a query, under the span of whoever asks."""

    async def consume_scope(
        self, call_next: Callable[[StreamMessage[Any]], Awaitable[Any]], msg: StreamMessage[Any]
    ) -> Any:
        """See FastStream."""
        parent = msg.headers.get("traceparent")
        if parent is None:
            return await call_next(msg)
        name = msg.raw_message.subject.removeprefix("query.")
        with TRACING.span(f"answer {name}", "server", {names.MESSAGING_SYSTEM: names.NATS}, under=parent):
            return await call_next(msg)


class InParts(BaseMiddleware):
    """Sends what is too large for one message in several."""

    async def publish_scope(self, call_next: Callable[[Any], Awaitable[Any]], cmd: Any) -> Any:
        """See FastStream."""
        if not isinstance(cmd.body, BaseModel):
            return await call_next(cmd)
        data = json_of(cmd.body)
        if len(data) <= PART_BYTES:
            cmd.body = data
            return await call_next(cmd)
        count = -(-len(data) // PART_BYTES)
        if count > MAX_PARTS:
            logger.error("an answer of %d bytes is too long to be sent", len(data))
            cmd.body = Failure(failure="internal", message=f"the answer is too long: {len(data)} bytes")
            return await call_next(cmd)
        for number in range(count):
            part = copy(cmd)
            part.body = data[number * PART_BYTES : (number + 1) * PART_BYTES]
            part.headers = {**(cmd.headers or {}), PART: f"{number}/{count}"}
            await call_next(part)
        return None


def failing() -> ExceptionMiddleware:
    """Answers where nothing else has, and writes down why: whoever asked need not wait in vain."""
    return ExceptionMiddleware(publish_handlers={ValidationError: _invalid, Exception: _failed})


def _invalid(error: ValidationError) -> Failure:
    wrong = "; ".join(
        f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
        for detail in error.errors(include_input=False)
    )
    logger.warning("a question is not understood: %s", wrong)
    return Failure(failure="invalid", message=wrong)


def _failed(error: Exception) -> Failure:
    known = isinstance(error, LogError)
    logger.error("a question could not be answered: %s", error, exc_info=None if known else error)
    # What is not the log's own may hold anything, a user's words or a graph's: the text is for the operator.
    return Failure(failure="internal", message=(known and str(error)) or type(error).__name__)


async def whole(
    client: Client, subject: str, payload: bytes, headers: dict[str, str] | None, *, timeout_seconds: float
) -> bytes:
    """Ask, and put the parts of the answer together.

    Raises:
        NoRespondersError: if nobody listens.
        TimeoutError: if the answer, or the rest of it, does not come in time.
        nats.errors.Error: if NATS cannot be reached.
    """
    inbox = client.new_inbox()
    parts: dict[int, bytes] = {}
    answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def receive(message: Msg) -> None:
        if answered.done():
            return
        told = message.headers or {}
        if told.get("Status") == _NOBODY:
            answered.set_exception(NoRespondersError())
            return
        number, _, count = told.get(PART, "0/1").partition("/")
        parts[int(number)] = message.data
        if len(parts) == int(count):
            answered.set_result(b"".join(parts[each] for each in sorted(parts)))

    subscription = await client.subscribe(inbox, cb=receive)
    try:
        await client.publish(subject, payload, reply=inbox, headers=headers)
        async with asyncio.timeout(timeout_seconds):
            return await answered
    finally:
        if not client.is_closed and not client.is_draining:
            await subscription.unsubscribe()
