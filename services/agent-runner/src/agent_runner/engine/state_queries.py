"""What others may ask about the states of graphs, and forking.

Its saver is another one than that of the runs, so that it answers from committed checkpoints only.
"""

import json
from collections.abc import Mapping
from typing import Final

from faststream import ExceptionMiddleware
from faststream.nats import NatsRouter
from langchain_core.runnables import RunnableConfig

from agent_runner.engine.catalogue import Ready
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.checkpointer.copying import NoCheckpoint, fork_thread
from agent_runner.engine.snapshots import snapshot_of
from agent_runner.engine.updates import as_json
from contracts import queries, subjects
from contracts.events import ConversationStarted, ForkOrigin
from contracts.queries import (
    Checkpoints,
    CheckpointsQuery,
    Failure,
    Fork,
    Forked,
    StateFound,
    StateQuery,
)
from eventlog.author import Author
from eventlog.ports import Conflict, Log, LogError
from eventlog.turns.inbox import Inbox

QUEUE: Final = "agent-runner"
PAGE_CHECKPOINTS: Final = 5_000
CONCURRENT_ANSWERS: Final = 16


class States:
    """Answers from the log."""

    def __init__(
        self,
        log: Log,
        author: Author,
        saver: LogCheckpointSaver,
        graphs: Mapping[str, Ready],
        default_graph: str,
    ) -> None:
        """`graphs` read by `saver`; `default_graph` answers where a conversation names none."""
        self._log = log
        self._author = author
        self._saver = saver
        self._graphs = graphs
        self._default_graph = default_graph
        self._inbox = Inbox(log, author)

    async def state(self, query: StateQuery) -> StateFound:
        """See `StateQuery`."""
        start = await self._start(query.conversation)
        graph = self._graphs.get(start.graph or self._default_graph) if start else None
        if graph is None:
            return StateFound()
        config: RunnableConfig = {"configurable": {"thread_id": query.conversation}}
        if query.checkpoint_id:
            config["configurable"]["checkpoint_id"] = query.checkpoint_id
        if await self._saver.aget_tuple(config) is None:
            return StateFound()
        async with graph.opened(config) as compiled:
            snapshot = await snapshot_of(compiled, config)
        values = snapshot.values if isinstance(snapshot.values, dict) else {"value": snapshot.values}
        return StateFound(
            checkpoint_id=snapshot.config["configurable"]["checkpoint_id"],
            text=json.dumps(as_json(values), ensure_ascii=False),
        )

    async def checkpoints(self, query: CheckpointsQuery) -> Checkpoints:
        """See `CheckpointsQuery`."""
        if await self._start(query.conversation) is None:
            return Checkpoints()
        ids = await self._saver.checkpoint_ids(query.conversation)
        return Checkpoints(
            checkpoint_ids=tuple(ids[query.offset : query.offset + PAGE_CHECKPOINTS]), total=len(ids)
        )

    async def fork(self, request: Fork) -> Forked:
        """See `Fork`."""
        start = await self._start(request.conversation)
        if start is None:
            return Forked(outcome="no_conversation")
        if await self._start(request.target) is not None:
            return Forked(outcome="target_exists")
        if request.checkpoint_id not in await self._saver.checkpoint_ids(request.conversation):
            return Forked(outcome="no_checkpoint")
        origin = ForkOrigin(conversation=request.conversation, checkpoint_id=request.checkpoint_id)
        begun = start.model_copy(update={"forked_from": origin})
        try:
            await fork_thread(self._log, self._author, begun, origin, request.target)
        except NoCheckpoint:
            return Forked(outcome="no_checkpoint")
        except Conflict:
            return Forked(outcome="target_exists")
        return Forked(outcome="forked")

    async def _start(self, conversation: str) -> ConversationStarted | None:
        standing = await self._inbox.standing(conversation)
        return standing.event if standing and isinstance(standing.event, ConversationStarted) else None


def _unavailable(error: Exception) -> Failure:
    return Failure(failure="internal", message=f"{error}" or type(error).__name__)


def router(states: States) -> NatsRouter:
    """A subscriber for each query; replicas share the questions."""
    failures = ExceptionMiddleware(publish_handlers={LogError: _unavailable, TimeoutError: _unavailable})
    routes = NatsRouter(middlewares=[failures])

    @routes.subscriber(subjects.query(queries.STATE), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def read_state(query: StateQuery) -> StateFound:
        """Gives a graph's state."""
        return await states.state(query)

    @routes.subscriber(subjects.query(queries.CHECKPOINTS), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def list_checkpoints(query: CheckpointsQuery) -> Checkpoints:
        """Lists checkpoints."""
        return await states.checkpoints(query)

    @routes.subscriber(subjects.query(queries.FORK), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def fork(request: Fork) -> Forked:
        """Begins a conversation from a checkpoint of another."""
        return await states.fork(request)

    return routes
