"""How runs are streamed and waited for: frames go out as bytes, with a sign of life every five seconds."""

import asyncio
import json
import logging
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import anyio
from fastapi.responses import StreamingResponse
from sse_starlette import EventSourceResponse, ServerSentEvent

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    ConversationDeleted,
    RunCancelled,
    RunFailed,
    RunInterrupted,
    RunRequested,
)
from contracts.queries import RunRecord, ThreadRecord
from edge_rest.gathering import Gathering
from edge_rest.langgraph.agents import Agents
from edge_rest.langgraph.requests import Asked
from edge_rest.settings import EdgeSettings
from eventlog.live import Live
from eventlog.ports import LogError
from eventlog.turns.frames import following
from eventlog.turns.refusals import NotRunning
from protocols.langgraph.stream import RunStream, Sent

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 5.0
"""JavaScript clients give a stream up that is silent for three times what they have seen."""
DRAIN_SECONDS: Final = 2.0
CANCEL_SECONDS: Final = 2.0
"""How long a cancellation is waited for where nobody asks for that, so that what is read next tells of it."""
INTERRUPT: Final = "__interrupt__"
_HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(frozen=True, slots=True)
class Viewing:
    """What of which run a client wants to see.

    Attributes:
        joining: only what comes from now on.
        cancels: the run is cancelled if the client leaves.
    """

    thread_id: str
    stream: RunStream
    joining: bool = False
    cancels: bool = False


@dataclass(slots=True)
class Showing:
    """Shows runs to clients."""

    agents: Agents
    live: Live
    settings: EdgeSettings
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)

    def asked(self, asked: Asked, *, cancels: bool = False) -> Viewing:
        """All of a run that was just asked for."""
        request = asked.request
        modes = None if asked.receipt.again else request.stream_modes
        stream = RunStream(asked.run_id, asked.receipt.sequence, request, modes)
        return Viewing(asked.thread_id, stream, cancels=cancels)

    def known(
        self,
        thread_id: str,
        run: RunRecord,
        request: Recorded | None,
        *,
        modes: Collection[str] | None = None,
        after: int | None = None,
        cancels: bool = False,
    ) -> Viewing:
        """A run that was asked for before: what comes after an event's id, or without one from now on."""
        event = request.event if request else None
        own = event if isinstance(event, RunRequested) else None
        stream = RunStream(run.run_id, run.sequence, own, modes or None, -1 if after is None else after)
        joining = after is None and run.status != "pending"
        return Viewing(thread_id, stream, joining=joining, cancels=cancels)

    def response(self, viewing: Viewing, headers: Mapping[str, str]) -> EventSourceResponse:
        """The run as Server-Sent Events."""
        return self.sse(partial(self._send, viewing), headers)

    def sse(
        self, produce: Callable[[Gathering], Awaitable[None]], headers: Mapping[str, str] | None = None
    ) -> EventSourceResponse:
        """What `produce` sends, as Server-Sent Events, until the server is told to go."""
        frames, draining = Gathering(), anyio.Event()

        async def deliver() -> None:
            async def end_with_the_server() -> None:
                await draining.wait()
                group.cancel_scope.cancel()

            try:
                async with anyio.create_task_group() as group:
                    group.start_soon(end_with_the_server)
                    try:
                        await produce(frames)
                    except* LogError as errors:
                        logger.warning("a stream ends: %s", errors.exceptions[0])
                    group.cancel_scope.cancel()
            finally:
                frames.end()

        return EventSourceResponse(
            frames.pieces(),
            headers={**_HEADERS, **(headers or {})},
            ping=HEARTBEAT_SECONDS,
            ping_message_factory=lambda: ServerSentEvent(comment="heartbeat", sep="\r\n"),
            sep="\r\n",
            send_timeout=self.settings.send_timeout,
            shutdown_event=draining,
            shutdown_grace_period=DRAIN_SECONDS,
            data_sender_callable=deliver,
        )

    async def _send(self, viewing: Viewing, frames: Gathering) -> None:
        try:
            async with aclosing(self.events(viewing)) as events:
                async for sent in events:
                    data = sent.data
                    if data is None:
                        data = await self.agents.values_of(viewing.thread_id, viewing.stream.run_id)
                    await frames.send(sent.encode(numbered=True, data=data))
        finally:
            self.left(viewing)

    def left(self, viewing: Viewing) -> None:
        """A client does not look any more; its run is cancelled if it asked for that."""
        if viewing.cancels and viewing.stream.end is None:
            self._cancel_soon(viewing)

    async def events(self, viewing: Viewing) -> AsyncGenerator[Sent, None]:
        """The events of a run until it has ended."""
        stream, log = viewing.stream, self.agents.log
        joining, after = viewing.joining, stream.sequence
        if joining:
            after = await log.tail(viewing.thread_id)
            run = await self.agents.run(viewing.thread_id, stream.run_id)
            if run is None or run.status not in ("pending", "running"):
                return  # it has ended since it was looked at, and what follows is not of it
        async with following(log, self.live, viewing.thread_id, after=after, joining=joining) as items:
            async for item in items:
                for sent in stream.feed(item):
                    yield sent
                if stream.end is not None:
                    return
                if isinstance(item, Recorded) and _is_over(item, stream.run_id):
                    stream.end = RunCancelled(run_id=stream.run_id, message_sequence=stream.sequence)
                    return

    def waiting(self, viewing: Viewing, headers: Mapping[str, str]) -> StreamingResponse:
        """The run's outcome as JSON, with newlines before it as long as it goes on."""
        return StreamingResponse(self._wait(viewing), 200, headers, "application/json")

    async def _wait(self, viewing: Viewing) -> AsyncIterator[bytes]:
        outcome = asyncio.create_task(self.outcome(viewing))
        try:
            while True:
                done, _ = await asyncio.wait((outcome,), timeout=HEARTBEAT_SECONDS)
                if done:
                    break
                yield b"\n"
            yield outcome.result().encode()
        except LogError as error:
            logger.warning("a run cannot be waited for: %s", error)
            yield failed("Unavailable", "the service is not available, try again").encode()
        finally:
            outcome.cancel()
            self.left(viewing)

    async def outcome(self, viewing: Viewing) -> str:
        """What a run came to, as JSON text: the last values that it showed, or its error."""
        last: str | None = None
        asked: list[str] = []
        async with aclosing(self.events(viewing)) as events:
            async for sent in events:
                if sent.event == "values" and sent.data is not None:
                    last = sent.data
                    asked += [last] if INTERRUPT in last else []
        end = viewing.stream.end
        if isinstance(end, RunFailed):
            return failed(end.code, end.error)
        if asked and isinstance(end, RunInterrupted):
            return asked[-1] if len(asked) == 1 else _with_questions(asked)
        if last is not None:
            return last
        return await self.values(await self.agents.thread(viewing.thread_id))

    async def values(self, record: ThreadRecord) -> str:
        """A thread's newest values, as JSON text."""
        state = await self.agents.state(record)
        return json.dumps(state["values"] if state else {}, ensure_ascii=False, separators=(",", ":"))

    async def ended(self, thread_id: str, run: RunRecord, seconds: float) -> bool:
        """Wait until a run has ended; False if it has not in time."""
        log = self.agents.log
        try:
            async with asyncio.timeout(seconds), AsyncExitStack() as stack:
                events = await stack.enter_async_context(log.follow(thread_id, after=run.sequence))
                async for recorded in events:
                    event = recorded.event
                    if isinstance(event, ENDS) and event.run_id == run.run_id:
                        return True
                    if isinstance(event, ConversationDeleted):
                        return True
        except TimeoutError:
            pass
        return False

    def _cancel_soon(self, viewing: Viewing) -> None:
        """Cancel a run whose only client has left; its own request is over by now."""
        task = asyncio.create_task(self._cancel(viewing))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def _cancel(self, viewing: Viewing) -> None:
        try:
            await self.agents.inbox.cancel(viewing.thread_id, only={viewing.stream.run_id})
        except NotRunning:
            pass
        except LogError as error:
            logger.warning("run %s goes on without its client: %s", viewing.stream.run_id, error)


def failed(kind: str, message: str) -> str:
    """What a run failed with, as JSON text; the clients raise it."""
    return json.dumps({"__error__": {"error": kind, "message": message}}, ensure_ascii=False)


def _with_questions(asked: Sequence[str]) -> str:
    """The last values with all that was asked at once: LangGraph tells of one question at a time."""
    values = json.loads(asked[-1])
    questions = {each["id"]: each for text in asked for each in json.loads(text).get(INTERRUPT, ())}
    return json.dumps({**values, INTERRUPT: list(questions.values())}, ensure_ascii=False)


def _is_over(item: Recorded, run_id: str) -> bool:
    """Whether the conversation is gone, and not by this run's own end, which is yet to come."""
    return isinstance(item.event, ConversationDeleted) and item.causation_id != run_id
