"""What is known of graphs, assistants and threads, asked of whoever knows it."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from fastapi import HTTPException
from pydantic import BaseModel

from access.visitor import VISITOR
from contracts import queries, subjects
from contracts.envelope import Recorded
from contracts.events import ConversationStarted, RequestTaken, RunScheduled
from contracts.queries import AssistantRecord, Graphs, RunRecord, ThreadRecord
from contracts.subjects import InvalidKey, check_key
from edge_rest.langgraph.paging import KeyReused
from edge_rest.questions import Questions
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox
from protocols.langgraph import answers
from protocols.langgraph.commands import Assistant, is_uuid
from protocols.langgraph.wire import PROTOCOL

RESPONDER: Final = "agent-runner"
_BOTH: Final = "Cannot specify both configurable and context. Prefer setting context alone."
GRAPHS_SECONDS: Final = 5.0
"""How long the list of graphs is remembered."""
AT_ONCE: Final = 8
"""How many states are asked for at the same time."""


@dataclass(slots=True)
class Agents:
    """Answers from the other services; each waits no longer than a query may."""

    log: Log
    inbox: Inbox
    questions: Questions
    _graphs: Graphs | None = None
    _asked_at: float = 0.0

    async def graphs(self) -> Graphs:
        """The graphs that are served, or were when agent-runner was there last."""
        if self._graphs is None or time.monotonic() - self._asked_at > GRAPHS_SECONDS:
            self._graphs = await self.questions.graphs()
            self._asked_at = time.monotonic()
        return self._graphs

    async def assistant(self, name: str) -> Assistant:
        """The assistant of an id, or the one that stands for the graph of a name.

        Raises:
            HTTPException: 422 for a name that is neither, 404 for an id that is nobody's.
        """
        names = (await self.graphs()).names
        if name in names:
            return Assistant(answers.default_assistant_id(name), name)
        if is_uuid(name):
            for graph in names:
                if answers.default_assistant_id(graph) == name:
                    return Assistant(name, graph)
            own = await self.own_assistants(as_new_id(name))
            if own and own[0].graph in names:
                return Assistant(own[0].assistant_id, own[0].graph, own[0].config, own[0].context)
            raise HTTPException(404, "Thread or assistant not found.")
        raise HTTPException(
            422,
            f"Invalid assistant: {name!r}. Must be either:\n- A valid assistant UUID, or\n"
            f"- One of the registered graphs: {', '.join(names)}",
        )

    async def own_assistants(
        self, assistant_id: str | None = None, *, versions: bool = False
    ) -> list[AssistantRecord]:
        """The assistants that people have made and the visitor may see, or one, or all versions of one."""
        log = self.log
        known: int | tuple[int, ...]
        if assistant_id:
            known = await log.tail(subjects.assistant(assistant_id))
        else:
            known = await log.positions()
        found: list[AssistantRecord] = []
        while True:
            query = queries.AssistantsQuery(
                assistant_id=assistant_id,
                versions=versions,
                caller=await owner(),
                offset=len(found),
                at_least=known,
            )
            page = await self.questions.ask(queries.ASSISTANTS, query, queries.Assistants)
            found += page.assistants
            if not page.assistants or len(found) >= page.total:
                return found

    async def thread(self, thread_id: str) -> ThreadRecord:
        """How a thread stands now. Raises a 404 where there is none."""
        return (await self._runs(thread_id, limit=0)).thread or unknown(thread_id)

    async def run(self, thread_id: str, run_id: str) -> RunRecord | None:
        """How a run stands now; None for one that is unknown."""
        found = await self._runs(thread_id, run_id=run_id, limit=1)
        return found.runs[0] if found.runs else None

    async def runs(
        self, thread_id: str, *, status: Any = None, limit: int, offset: int
    ) -> tuple[list[RunRecord], int]:
        """A page of a thread's runs, the newest first, and how many there are. Raises as `thread`."""
        runs: list[RunRecord] = []
        while True:
            page = await self._runs(
                thread_id, status=status, limit=limit - len(runs), offset=offset + len(runs)
            )
            if page.thread is None:
                unknown(thread_id)
            runs += page.runs
            if not page.runs or len(runs) >= limit:
                return runs, page.total

    async def _runs(self, thread_id: str, **more: Any) -> queries.Runs:
        key = checked(thread_id)
        query = queries.RunsQuery(conversation=key, at_least=await self.log.tail(key), **more)
        return await self.questions.ask(queries.RUNS, query, queries.Runs)

    async def request(self, thread_id: str, sequence: int) -> Recorded | None:
        """The event that asked for a run; of one that is yet to begin, what is to be asked for."""
        found = await self.log.next(thread_id, ">", after=sequence - 1)
        if found and isinstance(found.event, RunScheduled):
            return replace(found, event=found.event.request)
        return found

    async def states(
        self,
        record: ThreadRecord,
        checkpoint_ids: tuple[str, ...] = (),
        *,
        namespace: str = "",
        subgraphs: bool = False,
        graph: str = "",
    ) -> list[str]:
        """States of a thread as JSON texts: those at the checkpoints, or the newest.

        Args:
            graph: in whose form they are; left out, the thread's.
        """
        graph = graph or await self.graph_of(record)
        wanted = checkpoint_ids or (None,)
        texts: list[str] = []
        while len(texts) < len(wanted):
            query = queries.ThreadStatesQuery(
                conversation=record.key,
                graph=graph,
                namespace=namespace,
                checkpoint_ids=tuple(each for each in wanted[len(texts) :] if each),
                subgraphs=subgraphs,
            )
            found = await self.questions.ask(queries.THREAD_STATES, query, queries.ThreadStates)
            if not found.states:
                break
            texts += found.states
        return texts

    async def state(self, record: ThreadRecord) -> dict[str, Any] | None:
        """The newest state; None where there is none yet."""
        state: dict[str, Any] = json.loads((await self.states(record))[0])
        return state if state["checkpoint"] else None

    async def values_of(self, thread_id: str, run_id: str) -> str:
        """The values that a run came to, as JSON text: in the form of its own graph, whichever ran since."""
        page = await self._runs(thread_id, run_id=run_id, limit=1)
        record = page.thread or unknown(thread_id)
        query = queries.CheckpointIdsQuery(conversation=record.key, metadata={"run_id": run_id}, limit=1)
        found = await self.questions.ask(queries.CHECKPOINT_IDS, query, queries.CheckpointIds)
        graph = page.runs[0].graph if page.runs else ""
        (state,) = await self.states(record, found.checkpoint_ids, graph=graph)
        return json.dumps(json.loads(state)["values"], ensure_ascii=False, separators=(",", ":"))

    async def with_values(self, records: list[ThreadRecord]) -> list[dict[str, Any]]:
        """Threads as clients get them."""
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(record: ThreadRecord) -> dict[str, Any]:
            async with limit:
                return answers.thread(record, await self.state(record))

        return await asyncio.gather(*map(one, records))

    async def graph_of(self, record: ThreadRecord) -> str:
        """The graph that reads a thread's state; empty for the conversation's own."""
        named = record.metadata.get("graph_id")
        return named if isinstance(named, str) and named in (await self.graphs()).names else ""


async def owner() -> str | None:
    """The user who asks, as far as they have proved it."""
    visitor = VISITOR.get()
    return await visitor.user() if visitor else None


async def opening(graph: str) -> ConversationStarted:
    """How a thread begins that the visitor begins."""
    user = await owner()
    return ConversationStarted(
        responder_name=RESPONDER, graph=graph, protocol=PROTOCOL, user_id=user, owner=user
    )


async def check_same(agents: Agents, conversation: str, asked: BaseModel) -> None:
    """Raises `KeyReused` if it was begun by another request with the same key."""
    start = await agents.inbox.standing(conversation)
    taken = start and await agents.log.next(conversation, f"{RequestTaken.type}.>", after=start.sequence)
    if taken and isinstance(taken.event, RequestTaken) and not taken.event.is_for(asked):
        raise KeyReused


def check_settings(config: Mapping[str, Any] | None, context: Any) -> None:
    """Raises a 400 if there are both ``configurable`` and a context."""
    if config and config.get("configurable") and context is not None:
        raise HTTPException(400, _BOTH)


def checked(thread_id: str) -> str:
    """A thread's id as a conversation key. Raises a 422 where it is none."""
    try:
        return check_key(thread_id)
    except InvalidKey as error:
        raise HTTPException(422, f"Invalid thread ID: {error}") from None


def as_new_id(thread_id: str) -> str:
    """The id of a thread that is to begin. Raises a 422 where it is no UUID."""
    if not is_uuid(thread_id):
        raise HTTPException(422, "Invalid thread ID: must be a UUID")
    return str(UUID(thread_id))


def as_run_id(run_id: str) -> str:
    """A run's id. Raises a 422 where it is no UUID."""
    if not is_uuid(run_id):
        raise HTTPException(422, "Invalid run ID: must be a UUID")
    return str(UUID(run_id))


def unknown(thread_id: str) -> Any:
    """Raises that there is no such thread."""
    raise HTTPException(404, f"Thread with ID {thread_id} not found")
