"""States of threads as LangGraph tells them, updates from outside, and copies; over committed checkpoints."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from faststream import ExceptionMiddleware
from faststream.nats import NatsRouter
from langchain_core.runnables import RunnableConfig
from langgraph.errors import InvalidUpdateError
from langgraph.types import StateUpdate as GraphUpdate

from agent_runner.engine.catalogue import Compiled, Ready, compile_graph
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.snapshots import as_dict, empty, snapshot_of
from agent_runner.engine.streaming.encoding import as_text
from contracts import queries, subjects
from contracts.events import ConversationStarted, Event, RequestTaken
from contracts.queries import (
    CheckpointIds,
    CheckpointIdsQuery,
    CopyThread,
    Failure,
    StateUpdated,
    ThreadCopied,
    ThreadStates,
    ThreadStatesQuery,
    UpdateState,
)
from eventlog.author import Author, derived_id
from eventlog.outage import OUTAGE
from eventlog.ports import Conflict, Log, LogError, Unavailable
from eventlog.turns.inbox import Inbox

logger = logging.getLogger(__name__)

QUEUE: Final = "agent-runner"
UPDATED: Final = "state"
ANSWER_CHARACTERS: Final = 150_000
"""From so many on, the states that are left are for another answer."""
CONCURRENT_ANSWERS: Final = 16
ATTEMPTS: Final = 50
"""How often an update is made again when others append in between."""


class ThreadReader:
    """Reads and changes what the graphs' threads hold."""

    def __init__(
        self,
        log: Log,
        author: Author,
        inbox: Inbox,
        saver: LogCheckpointSaver,
        graphs: Mapping[str, Ready],
        default_graph: str,
        *,
        show_errors: bool = False,
    ) -> None:
        """`graphs` are read by `saver`; `default_graph` answers where a conversation names none.

        `show_errors`: whether what nodes raised is told, not only of which kind it was."""
        self._show_errors = show_errors
        self._log = log
        self._author = author
        self._inbox = inbox
        self._saver = saver
        self._graphs = graphs
        self._default_graph = default_graph

    async def checkpoint_ids(self, query: CheckpointIdsQuery) -> CheckpointIds:
        """See `CheckpointIdsQuery`."""
        if await self._start(query.conversation) is None:
            return CheckpointIds()
        if not (query.metadata or query.namespace or query.checkpoint_id):
            ids = (await self._saver.checkpoint_ids(query.conversation))[::-1]
            if query.before is not None:
                ids = ids[ids.index(query.before) + 1 :] if query.before in ids else []
            return CheckpointIds(checkpoint_ids=tuple(ids[: query.limit]))
        listed = self._saver.alist(
            _config(query.conversation, query.namespace, query.checkpoint_id),
            filter=query.metadata,
            before=_config(query.conversation, query.namespace, query.before) if query.before else None,
            limit=query.limit,
        )
        found = [str(one.config["configurable"]["checkpoint_id"]) async for one in listed]
        return CheckpointIds(checkpoint_ids=tuple(found))

    async def states(self, query: ThreadStatesQuery) -> ThreadStates:
        """See `ThreadStatesQuery`."""
        ready = await self._graph(query.conversation, query.graph)
        if ready is None:
            return await self._states(None, query)
        async with ready.opened(_config(query.conversation, query.namespace)) as graph:
            return await self._states(graph, query)

    async def _states(self, graph: Compiled | None, query: ThreadStatesQuery) -> ThreadStates:
        states: list[str] = []
        room = ANSWER_CHARACTERS
        for checkpoint_id in query.checkpoint_ids or (None,):
            state = await self._state(graph, query, checkpoint_id)
            text = as_text(state)
            room -= len(text)
            if room < 0 and states:
                break
            states.append(text)
        return ThreadStates(states=tuple(states))

    async def update(self, command: UpdateState) -> StateUpdated:
        """See `UpdateState`."""
        ready = await self._graph(command.conversation, command.graph)
        if ready is None:
            return StateUpdated(refusal="there is no graph whose state this is")
        config = _config(command.conversation, command.namespace, command.checkpoint_id)
        config["metadata"] = {"graph_id": command.graph} if command.graph else {}
        steps = [
            [GraphUpdate(update.values, update.as_node) for update in step] for step in command.supersteps
        ]
        try:
            async with ready.opened(config) as graph:
                return await self._updated(graph, config, steps, command)
        except (InvalidUpdateError, ValueError, TypeError, KeyError) as error:
            return StateUpdated(refusal=str(error) or type(error).__name__)

    async def _updated(
        self,
        graph: Compiled,
        config: RunnableConfig,
        steps: Sequence[Sequence[GraphUpdate]],
        command: UpdateState,
    ) -> StateUpdated:
        """All states at once, with the word that its key is taken; or none, as while a run is there: it would
        go on from its own states, and the update would be lost."""
        conversation, asked = command.conversation, command.model_copy(update={"graph": ""})
        for _ in range(ATTEMPTS):
            tail = await self._log.tail(conversation)
            start = await self._inbox.standing(conversation)
            if start is None:
                return StateUpdated(refusal="there is no such thread")
            event_id = derived_id(start.id, UPDATED, command.key) if command.key is not None else None
            if event_id and (known := await self._log.last(conversation, f"{RequestTaken.type}.{event_id}")):
                return _taken(known.event, asked)
            if await self._inbox.is_busy(start):
                return StateUpdated(refusal=f"Thread {conversation} has in-flight runs", is_busy=True)
            # A saver of its own, since one that is staged shows to everybody what may yet be in vain.
            saver = LogCheckpointSaver(self._log, self._author)
            with saver.staging(conversation, tail=tail) as stage:
                changed = compile_graph(graph, saver)
                place = await changed.abulk_update_state(config, steps)
                await changed.aget_state(place)  # raises where the graph cannot read what it would be
                envelopes = [self._author.envelope(conversation, event) for event in stage.leftovers()]
            done = _done(place)
            if event_id:
                taken = RequestTaken.of(asked, **done.model_dump(exclude_defaults=True))
                envelopes.append(self._author.envelope(conversation, taken, event_id=event_id))
            try:
                await self._log.append(envelopes, expected=tail)
            except Conflict:
                continue
            return done
        raise Unavailable(f"conversation {conversation!r} is too busy for an update of its state")

    async def copy(self, command: CopyThread) -> ThreadCopied:
        """See `CopyThread`."""
        if await self._start(command.conversation) is None or await self._start(command.target) is None:
            return ThreadCopied(outcome="no_conversation")
        await self._saver.acopy_thread(command.conversation, command.target)
        return ThreadCopied(outcome="copied")

    async def _state(
        self, graph: Compiled | None, query: ThreadStatesQuery, checkpoint_id: str | None
    ) -> dict[str, Any]:
        """The state at a checkpoint, an empty one where there is none."""
        config = _config(query.conversation, query.namespace, checkpoint_id)
        place = {"checkpoint_id": checkpoint_id, "thread_id": query.conversation} if checkpoint_id else None
        if graph is None:
            return empty(place)
        if not query.namespace and await self._saver.aget_tuple(config) is None:
            return empty(place)
        try:
            snapshot = await snapshot_of(graph, config, subgraphs=query.subgraphs)
        except (LogError, *OUTAGE):
            raise
        except Exception as error:  # noqa: BLE001 - no such subgraph, or whatever the state's own types raise
            logger.info("conversation %s: no state: %s", query.conversation, type(error).__name__)
            return empty(place)
        return as_dict(snapshot, self._show_errors) if snapshot.metadata is not None else empty(place)

    async def _graph(self, conversation: str, name: str) -> Ready | None:
        start = await self._start(conversation)
        return self._graphs.get(name or start.graph or self._default_graph) if start else None

    async def _start(self, conversation: str) -> ConversationStarted | None:
        standing = await self._inbox.standing(conversation)
        return standing.event if standing and isinstance(standing.event, ConversationStarted) else None


def router(reader: ThreadReader) -> NatsRouter:
    """A subscriber for each query; replicas share the questions."""
    failures = ExceptionMiddleware(publish_handlers={LogError: _unavailable, TimeoutError: _unavailable})
    routes = NatsRouter(middlewares=[failures])

    @routes.subscriber(subjects.query(queries.CHECKPOINT_IDS), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def list_checkpoint_ids(query: CheckpointIdsQuery) -> CheckpointIds:
        """Lists checkpoints of a thread."""
        return await reader.checkpoint_ids(query)

    @routes.subscriber(subjects.query(queries.THREAD_STATES), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def read_thread_states(query: ThreadStatesQuery) -> ThreadStates:
        """Gives states of a thread."""
        return await reader.states(query)

    @routes.subscriber(subjects.query(queries.UPDATE_STATE), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def update_state(command: UpdateState) -> StateUpdated:
        """Changes a thread's state."""
        return await reader.update(command)

    @routes.subscriber(subjects.query(queries.COPY_THREAD), queue=QUEUE, max_workers=CONCURRENT_ANSWERS)
    async def copy_thread(command: CopyThread) -> ThreadCopied:
        """Copies a thread's checkpoints."""
        return await reader.copy(command)

    return routes


def _taken(event: Event, asked: UpdateState) -> StateUpdated:
    """The answer to a request whose key is taken."""
    if isinstance(event, RequestTaken) and event.is_for(asked):
        return StateUpdated(**event.result)
    return StateUpdated(is_another=True)


def _done(config: RunnableConfig) -> StateUpdated:
    place = config["configurable"]
    return StateUpdated(
        checkpoint_id=place["checkpoint_id"],
        namespace=place.get("checkpoint_ns") or "",
        checkpoint_map=place.get("checkpoint_map") or {},
    )


def _unavailable(error: Exception) -> Failure:
    return Failure(failure="internal", message=f"{error}" or type(error).__name__)


def _config(conversation: str, namespace: str, checkpoint_id: str | None = None) -> RunnableConfig:
    place = {"thread_id": conversation, "checkpoint_ns": namespace}
    return {"configurable": place | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}
