"""Assistants of one's own: made, changed in versions, deleted; each has its events under a key of its own."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Response

from access.ownership import NotYours
from contracts import queries, subjects
from contracts.envelope import Recorded
from contracts.events import (
    ASSISTANT_RESPONDER,
    AssistantSaved,
    AssistantVersionChosen,
    ConversationStarted,
    Event,
    RequestTaken,
)
from contracts.queries import AssistantRecord
from edge_rest.errors import documented
from edge_rest.langgraph.agents import Agents, as_new_id, check_same, check_settings, owner
from edge_rest.langgraph.paging import IdempotencyKey, derived, paged
from eventlog.turns.refusals import Exists, Missing
from protocols.langgraph import answers
from protocols.langgraph.wire import (
    PAGE,
    PROTOCOL,
    AssistantCreate,
    AssistantLatest,
    AssistantPatch,
    AssistantVersions,
)


@dataclass(frozen=True, slots=True)
class OwnAssistants:
    """What may be done with assistants; each public method is one call."""

    agents: Agents

    async def create(self, body: AssistantCreate, idempotency_key: IdempotencyKey = None) -> dict[str, Any]:
        """Make an assistant for a graph, with settings of its own."""
        check_settings(body.config, body.context)
        await self._check_graph(body.graph_id)
        user = await owner()
        repeated = body.assistant_id is None and idempotency_key is not None
        if body.assistant_id is not None:
            identity = as_new_id(body.assistant_id)
        else:
            identity = derived(user, idempotency_key, "assistant") if idempotency_key else str(uuid4())
        if await self._is_of_a_graph(identity):
            raise HTTPException(409, f"Assistant {identity} already exists")
        opening = ConversationStarted(
            responder_name=ASSISTANT_RESPONDER,
            graph=body.graph_id,
            protocol=PROTOCOL,
            user_id=user,
            owner=user,
        )
        saved = AssistantSaved(
            assistant_id=identity,
            number=1,
            graph=body.graph_id,
            name=body.name or "Untitled",
            description=body.description,
            config=body.config,
            context=body.context,
            metadata=body.metadata,
        )
        taken = [RequestTaken.of(body)] if repeated else []
        try:
            await self.agents.inbox.open(subjects.assistant(identity), opening, saved, *taken)
        except (Exists, NotYours) as error:
            if isinstance(error, NotYours) or not (repeated or body.if_exists == "do_nothing"):
                raise HTTPException(409, f"Assistant {identity} already exists") from None
            if repeated:
                await check_same(self.agents, subjects.assistant(identity), body)
        return answers.assistant(await self._in_use(identity))

    async def patch(self, assistant_id: str, body: AssistantPatch) -> dict[str, Any]:
        """Change an assistant; that is a new version."""
        check_settings(body.config, body.context)
        if body.graph_id is not None:
            await self._check_graph(body.graph_id)
        known = await self._own(assistant_id)
        given = body.model_dump(exclude_none=True, exclude={"graph_id", "metadata"})
        before = {name: getattr(known, name) for name in ("name", "description", "config", "context")}
        saved = AssistantSaved(
            assistant_id=known.assistant_id,
            number=known.newest + 1,
            graph=body.graph_id or known.graph,
            metadata={**known.metadata, **body.metadata},
            **(before | given),
        )
        return answers.assistant(await self._changed(known, saved))

    async def delete(self, assistant_id: str, delete_threads: bool = False) -> Response:
        """Delete an assistant; its threads stay as they are, unless `delete_threads` is asked for."""
        known = await self._own(assistant_id)
        if delete_threads:
            await self._delete_threads(known.assistant_id)
        await self.agents.inbox.delete(subjects.assistant(known.assistant_id))
        return Response(status_code=204)

    async def versions(
        self, assistant_id: str, body: AssistantVersions, response: Response
    ) -> list[dict[str, Any]]:
        """All versions, the newest first."""
        every = [
            answers.assistant(each)
            for each in await self.agents.own_assistants(as_new_id(assistant_id), versions=True)
            if answers.contains(each.metadata, body.metadata)
        ]
        page = every[body.offset : body.offset + body.limit]
        paged(response, body.offset + len(page), len(every))
        return page

    async def latest(self, assistant_id: str, body: AssistantLatest) -> dict[str, Any]:
        """Go back to a version, or forward."""
        known = await self._own(assistant_id)
        if not 1 <= body.version <= known.newest:
            raise HTTPException(404, f"Assistant {known.assistant_id} has no version {body.version}")
        chosen = AssistantVersionChosen(assistant_id=known.assistant_id, number=body.version)
        return answers.assistant(await self._changed(known, chosen))

    async def _delete_threads(self, assistant_id: str) -> None:
        """Those of the visitor's that ran with an assistant last."""
        agents, deleted = self.agents, True
        while deleted:
            query = queries.ThreadsQuery(
                metadata={"assistant_id": assistant_id},
                caller=await owner(),
                limit=PAGE,
                at_least=await agents.log.positions(),
            )
            page = await agents.questions.ask(queries.THREADS, query, queries.Threads)
            deleted = any([await agents.inbox.delete(record.key) for record in page.threads])

    async def _check_graph(self, graph: str) -> None:
        if graph not in (await self.agents.graphs()).names:
            raise HTTPException(404, f"Graph {graph!r} not found")

    async def _is_of_a_graph(self, assistant_id: str) -> bool:
        return assistant_id in map(answers.default_assistant_id, (await self.agents.graphs()).names)

    async def _own(self, assistant_id: str) -> AssistantRecord:
        """The version in use of what may be changed. Raises a 404 or a 409 for anything else."""
        identity = as_new_id(assistant_id)
        if await self._is_of_a_graph(identity):
            raise HTTPException(409, "The assistant of a graph cannot be changed; make one of your own")
        return await self._in_use(identity)

    async def _in_use(self, identity: str) -> AssistantRecord:
        try:
            found = await self.agents.own_assistants(identity)
        except NotYours:
            found = []
        if not found:
            raise HTTPException(404, f"Assistant {identity} not found")
        return found[0]

    async def _changed(self, known: AssistantRecord, event: Event) -> AssistantRecord:
        """The assistant after a change, if nobody else has changed it meanwhile."""

        async def check(_: Recorded) -> None:
            if (await self._in_use(known.assistant_id)).newest != known.newest:
                raise HTTPException(409, f"Assistant {known.assistant_id} was changed meanwhile, try again")

        try:
            await self.agents.inbox.note(subjects.assistant(known.assistant_id), event, guard=check)
        except Missing:
            raise HTTPException(404, f"Assistant {known.assistant_id} not found") from None
        return await self._in_use(known.assistant_id)


def router(own: OwnAssistants) -> APIRouter:
    """The calls that change assistants."""
    routes = APIRouter(tags=["langgraph"], prefix="/assistants", responses=documented(404, 409, 422, 503))
    add = routes.add_api_route
    add("", own.create, methods=["POST"])
    add("/{assistant_id}", own.patch, methods=["PATCH"])
    add("/{assistant_id}", own.delete, methods=["DELETE"], status_code=204)
    add("/{assistant_id}/versions", own.versions, methods=["POST"])
    add("/{assistant_id}/latest", own.latest, methods=["POST"])
    return routes
