"""Octo's sessions as they stand: lists, states, checkpoints and histories.

Read from projections, which are asked to take in the log up to where it is when the call comes.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from contracts import queries
from contracts.envelope import parse_time
from edge_rest.errors import documented
from edge_rest.octo import ThreadId, not_found
from edge_rest.questions import Questions
from eventlog.ports import Log
from protocols.octo.bodies import (
    CheckpointItem,
    CheckpointList,
    CheckpointState,
    HistoryMessage,
    SessionHistory,
    SessionItem,
    SessionList,
    SessionState,
    SessionStatus,
)
from protocols.octo.wire import MAX_ID

LISTED_AT_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Sessions:
    """What may be read of sessions; each method is one call."""

    log: Log
    questions: Questions

    async def _session(self, thread_id: str) -> queries.Session:
        query = queries.SessionQuery(conversation=thread_id, at_least=await self.log.tail(thread_id))
        found = await self.questions.ask(queries.SESSION, query, queries.SessionFound)
        if found.session is None:
            raise not_found(thread_id)
        return found.session

    async def sessions(
        self,
        user_id: Annotated[
            str | None, Query(description="Only sessions of this user", min_length=1, max_length=MAX_ID)
        ] = None,
        status: Annotated[SessionStatus | None, Query(description="Only sessions in this state")] = None,
        limit: Annotated[int, Query(description="How many at most", ge=1, le=LISTED_AT_MOST)] = 1000,
        offset: Annotated[int, Query(description="How many to pass over", ge=0, le=1 << 31)] = 0,
    ) -> SessionList:
        """The sessions, the one with the newest event first; `total` counts those beyond `limit` too."""
        at_least = await self.log.positions()
        items: list[SessionItem] = []
        while True:
            query = queries.SessionsQuery(
                user_id=user_id,
                status=status,
                limit=min(limit - len(items), 500),
                offset=offset + len(items),
                at_least=at_least,
            )
            page = await self.questions.sessions(query)
            items += map(_item, page.sessions)
            if not page.sessions or len(items) >= limit or offset + len(items) >= page.total:
                return SessionList(sessions=items, total=page.total)

    async def checkpoints(self, thread_id: ThreadId) -> CheckpointList:
        """All checkpoints, the oldest first."""
        await self._session(thread_id)
        ids: list[str] = []
        while True:
            query = queries.CheckpointsQuery(conversation=thread_id, offset=len(ids))
            page = await self.questions.ask(queries.CHECKPOINTS, query, queries.Checkpoints)
            ids += page.checkpoint_ids
            if not page.checkpoint_ids or len(ids) >= page.total:
                break
        items = [
            CheckpointItem(checkpoint_id=identity, thread_id=thread_id, step=step)
            for step, identity in enumerate(ids)
        ]
        return CheckpointList(checkpoints=items, total=len(items))

    async def checkpoint(
        self, thread_id: ThreadId, checkpoint_id: Annotated[str, Path(max_length=MAX_ID)]
    ) -> CheckpointState:
        """The state at one checkpoint."""
        await self._session(thread_id)
        found, state = await self.questions.state(thread_id, checkpoint_id)
        if found is None:
            raise HTTPException(404, f"Checkpoint not found: {checkpoint_id}")
        return CheckpointState(thread_id=thread_id, checkpoint_id=found, state=state)

    async def history(
        self,
        thread_id: ThreadId,
        limit: Annotated[int, Query(description="How many of the newest messages", ge=1, le=100)] = 10,
    ) -> SessionHistory:
        """The newest messages, in order."""
        query = queries.MessagesQuery(
            conversation=thread_id, limit=limit, at_least=await self.log.tail(thread_id)
        )
        found = await self.questions.ask(queries.MESSAGES, query, queries.Messages)
        if found.session is None:
            raise not_found(thread_id)
        page, newest = found.messages, found.messages
        while page and len(newest) < min(limit, found.total):
            query = query.model_copy(update={"limit": limit - len(newest), "before": newest[0].sequence})
            page = (await self.questions.ask(queries.MESSAGES, query, queries.Messages)).messages
            newest = (*page, *newest)
        messages = [
            HistoryMessage(
                type="HumanMessage" if message.author == "human" else "AIMessage", content=message.content
            )
            for message in newest
        ]
        return SessionHistory(
            thread_id=thread_id,
            total_messages=found.total,
            returned_messages=len(messages),
            messages=messages,
        )

    async def state(self, thread_id: ThreadId) -> SessionState:
        """The state of the session's graph; a session in which nothing has run yet reads `completed`."""
        session = await self._session(thread_id)
        checkpoint_id, values = await self.questions.state(thread_id)
        status = "completed" if session.status == "active" else session.status
        return SessionState(thread_id=thread_id, status=status, state=values, checkpoint_id=checkpoint_id)


def router(sessions: Sessions) -> APIRouter:
    """``GET /api/sessions`` and what lies below it."""
    routes = APIRouter(tags=["octo"], responses=documented(422, 503), prefix="/api/sessions")
    one, unknown = "/{thread_id:path}", documented(404)
    routes.add_api_route("", sessions.sessions, methods=["GET"])
    routes.add_api_route(f"{one}/checkpoints", sessions.checkpoints, methods=["GET"], responses=unknown)
    routes.add_api_route(
        f"{one}/checkpoints/{{checkpoint_id}}", sessions.checkpoint, methods=["GET"], responses=unknown
    )
    routes.add_api_route(f"{one}/history", sessions.history, methods=["GET"], responses=unknown)
    routes.add_api_route(one, sessions.state, methods=["GET"], responses=unknown)
    return routes


def _item(session: queries.Session) -> SessionItem:
    return SessionItem(
        thread_id=session.key,
        user_id=session.user_id,
        status=session.status,
        created_at=_time(session.created_at),
        updated_at=_time(session.updated_at),
    )


def _time(text: str) -> str:
    return parse_time(text).strftime("%Y-%m-%dT%H:%M:%SZ")
