"""Creates the sessions of the voice protocol, which are then connected to over its WebSocket."""

from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from contracts.events import ConversationStarted, VoiceSessionCreated
from edge_rest.questions import Questions
from eventlog.turns.inbox import Inbox
from identity import KeysUnavailableError, Member, RefusedTokenError, Verifier
from protocols.voice.opening import GraphName, SessionCreated, SessionSettings

RESPONDER = "agent-runner"
PROTOCOL = "voice"

ERRORS: dict[int | str, dict[str, Any]] = {
    422: {"description": "What is wrong, and in which field"},
    503: {"description": "A part that is needed is down"},
}
_bearer = HTTPBearer(auto_error=False)


def router(inbox: Inbox, verifier: Verifier, questions: Questions, default_graph: str) -> APIRouter:
    """``POST`` of ``/api/v1/chat/sessions`` and ``/api/v1/chat/guest-sessions``."""
    routes = APIRouter(tags=["voice"], prefix="/api/v1/chat", responses=ERRORS)

    async def member(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    ) -> Member:
        try:
            return await verifier.verify(credentials.credentials if credentials else "")
        except RefusedTokenError:
            raise HTTPException(401, "the token was refused", {"WWW-Authenticate": "Bearer"}) from None
        except KeysUnavailableError:
            raise HTTPException(503, "tokens cannot be checked now, try again") from None

    async def create(
        given: SessionSettings | None, graph: GraphName | None, owner: str | None
    ) -> SessionCreated:
        settings = given or SessionSettings()
        named = settings.graph or graph
        session_id = str(uuid4())
        opening = ConversationStarted(
            responder_name=RESPONDER,
            graph=await questions.chosen_graph(named, default_graph),
            protocol=PROTOCOL,
            user_id=owner,
            owner=owner,
        )
        created = VoiceSessionCreated(voice=settings.voice, show_text=settings.show_text, graph=named)
        await inbox.open(session_id, opening, created)
        return SessionCreated(session_id=session_id, voice=settings.voice, show_text=settings.show_text)

    @routes.post("/sessions", status_code=201, responses={401: {"description": "The token was refused"}})
    async def create_session(
        user: Annotated[Member, Depends(member)],
        settings: SessionSettings | None = None,
        graph: GraphName | None = None,
    ) -> SessionCreated:
        """A session that belongs to the member; `graph` may be in the query as well as in the body."""
        return await create(settings, graph, user.subject)

    @routes.post("/guest-sessions", status_code=201)
    async def create_guest_session(
        settings: SessionSettings | None = None, graph: GraphName | None = None
    ) -> SessionCreated:
        """A session for anyone who knows its id, until a member connects to it; `graph` as for a member."""
        return await create(settings, graph, None)

    return routes
