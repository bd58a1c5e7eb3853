"""Assistants of one's own: made, changed in versions, deleted; each has its events under a key of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Response

from contracts import subjects
from contracts.events import AssistantDeleted, AssistantSaved, AssistantVersionChosen, Event
from contracts.queries import AssistantRecord
from edge_rest.errors import documented
from edge_rest.langgraph.agents import Agents, as_new_id, owner
from edge_rest.langgraph.paging import IdempotencyKey, derived, paged
from eventlog.author import Author
from eventlog.ports import Conflict, Unavailable
from protocols.langgraph import answers
from protocols.langgraph.wire import AssistantCreate, AssistantLatest, AssistantPatch, AssistantVersions

Decision: TypeAlias = Callable[[list[AssistantRecord], bool], Event | None]
"""From all versions of an assistant that one may see, and whether its id is taken, what is to be appended."""
ATTEMPTS: Final = 20
"""How often a change is decided again when the assistant is changed in between."""


@dataclass(frozen=True, slots=True)
class OwnAssistants:
    """What may be done with assistants; each public method is one call."""

    agents: Agents
    author: Author

    async def create(self, body: AssistantCreate, idempotency_key: IdempotencyKey = None) -> dict[str, Any]:
        """Make an assistant for a graph, with settings of its own."""
        await self._check_graph(body.graph_id)
        repeated = body.assistant_id is None and idempotency_key is not None
        if body.assistant_id is not None:
            identity = as_new_id(body.assistant_id)
        elif idempotency_key:
            identity = derived(await owner(), idempotency_key, "assistant")
        else:
            identity = str(uuid4())
        saved = AssistantSaved(
            assistant_id=identity,
            number=1,
            graph=body.graph_id,
            name=body.name or "Untitled",
            description=body.description,
            config=body.config,
            context=body.context,
            metadata=body.metadata,
            owner=await owner(),
        )

        def decide(versions: list[AssistantRecord], taken: bool) -> Event | None:
            if versions and (repeated or body.if_exists == "do_nothing"):
                return None
            if taken:
                raise HTTPException(409, f"Assistant {identity} already exists")
            return saved

        return answers.assistant(await self._changed(identity, decide))

    async def patch(self, assistant_id: str, body: AssistantPatch) -> dict[str, Any]:
        """Change an assistant; that is a new version."""
        if body.graph_id is not None:
            await self._check_graph(body.graph_id)
        user = await owner()

        def decide(versions: list[AssistantRecord], _: bool) -> Event:
            known = _in_use(versions)
            given = body.model_dump(exclude_unset=True, exclude={"graph_id", "metadata"})
            before = {name: getattr(known, name) for name in ("name", "description", "config", "context")}
            fields = before | {name: value for name, value in given.items() if value is not None}
            return AssistantSaved(
                assistant_id=known.assistant_id,
                number=known.newest + 1,
                graph=body.graph_id or known.graph,
                metadata={**known.metadata, **body.metadata},
                owner=user,
                **fields,
            )

        return answers.assistant(await self._changed(assistant_id, decide))

    async def delete(self, assistant_id: str, delete_threads: bool = False) -> Response:
        """Delete an assistant; its runs stay as they are."""
        if delete_threads:
            raise HTTPException(422, "delete_threads: is not supported")
        await self._decide(
            assistant_id, lambda found, _: AssistantDeleted(assistant_id=_in_use(found).assistant_id)
        )
        return Response(status_code=204)

    async def versions(
        self, assistant_id: str, body: AssistantVersions, response: Response
    ) -> list[dict[str, Any]]:
        """All versions, the newest first."""
        identity = await self._known_id(assistant_id)
        every = [
            answers.assistant(each)
            for each in await self.agents.own_assistants(identity, versions=True)
            if answers.contains(each.metadata, body.metadata)
        ]
        page = every[body.offset : body.offset + body.limit]
        paged(response, body.offset + len(page), len(every))
        return page

    async def latest(self, assistant_id: str, body: AssistantLatest) -> dict[str, Any]:
        """Go back to a version, or forward."""

        def decide(versions: list[AssistantRecord], _: bool) -> Event:
            known = _in_use(versions)
            if body.version not in {each.version for each in versions}:
                raise HTTPException(404, f"Assistant {known.assistant_id} has no version {body.version}")
            return AssistantVersionChosen(assistant_id=known.assistant_id, number=body.version)

        return answers.assistant(await self._changed(assistant_id, decide))

    async def _check_graph(self, graph: str) -> None:
        if graph not in (await self.agents.graphs()).names:
            raise HTTPException(404, f"Graph {graph!r} not found")

    async def _known_id(self, assistant_id: str) -> str:
        """Raises what says that an assistant cannot be changed."""
        identity = as_new_id(assistant_id)
        if identity in map(answers.default_assistant_id, (await self.agents.graphs()).names):
            raise HTTPException(409, "The assistant of a graph cannot be changed; make one of your own")
        return identity

    async def _changed(self, assistant_id: str, decide: Decision) -> AssistantRecord:
        """The assistant after a change."""
        await self._decide(assistant_id, decide)
        return (await self.agents.own_assistants(as_new_id(assistant_id)))[0]

    async def _decide(self, assistant_id: str, decide: Decision) -> None:
        """Append what is decided on all versions, which nobody has added to meanwhile."""
        identity = await self._known_id(assistant_id)
        key = subjects.assistant(identity)
        for _ in range(ATTEMPTS):
            tail = await self.agents.log.tail(key)
            newest = await self.agents.log.last(key, "control.>")
            taken = newest is not None and not isinstance(newest.event, AssistantDeleted)
            event = decide(await self.agents.own_assistants(identity, versions=True), taken)
            if event is None:
                return
            try:
                await self.agents.log.append([self.author.envelope(key, event)], expected=tail)
            except Conflict:
                continue
            return
        raise Unavailable(f"assistant {identity} is too busy")


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


def _in_use(versions: list[AssistantRecord]) -> AssistantRecord:
    """Raises a 404 where there is none."""
    if not versions:
        raise HTTPException(404, "Assistant not found")
    return max(versions, key=lambda each: each.in_use)
