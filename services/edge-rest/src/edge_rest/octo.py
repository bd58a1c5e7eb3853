"""The REST side of the octo protocol: what people say. `sessions` reads what came of it.

Everything is decided on the log itself, so that a caller never acts on an old projection.
"""

import secrets
import string
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Path, Response

from access.ownership import count_beginning
from contracts import queries
from contracts.events import (
    AnswerReceived,
    ConversationStarted,
    MessageReceived,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunInterrupted,
)
from contracts.subjects import InvalidKey, check_key
from edge_rest.awaiting import StillRunning, ends_of
from edge_rest.errors import documented
from edge_rest.questions import Questions
from edge_rest.settings import EdgeSettings
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox, Receipt
from eventlog.turns.refusals import NotRunning, NotWaiting
from protocols.octo.bodies import (
    Cancelled,
    ChatRequest,
    ChatResponse,
    Done,
    Forked,
    ForkRequest,
    Resumed,
    ResumeRequest,
)
from protocols.octo.wire import FINAL_ANSWER

PROTOCOL: Final = "octo"
RESPONDER: Final = "agent-runner"
_LETTERS: Final = string.ascii_letters + string.digits
_NOT_WAITING: Final = "Session is not waiting for human input"


def not_found(thread_id: str) -> HTTPException:
    """The answer for an unknown or deleted session."""
    return HTTPException(404, f"Session not found: {thread_id}")


def thread_id_of(
    thread_id: Annotated[
        str, Path(description="The session's id", examples=["thread_0e06AFuOYA0wXyZ1"], max_length=128)
    ],
) -> str:
    """The session's id in the path, checked."""
    return _checked(thread_id)


ThreadId = Annotated[str, Depends(thread_id_of)]


@dataclass(frozen=True, slots=True)
class Talk:
    """What may be said to a session; each method is one call."""

    log: Log
    inbox: Inbox
    questions: Questions
    settings: EdgeSettings

    async def chat(self, request: ChatRequest, response: Response) -> ChatResponse:
        """Say something and wait for the answer, or for the question where a person is needed.

        Without `thread_id` every call is a new conversation; its id is in the header `X-Thread-Id`.
        """
        thread_id = _checked(request.thread_id) if request.thread_id else _new_thread_id()
        headers = {"X-Thread-Id": quote(thread_id, safe=string.printable.strip())}
        response.headers.update(headers)
        opening = ConversationStarted(
            responder_name=RESPONDER,
            graph=await self.questions.chosen_graph(request.graph, self.settings.octo_graph),
            protocol=PROTOCOL,
            user_id=request.user_id,
        )
        message = MessageReceived(
            addressee=RESPONDER,
            text=request.message,
            protocol=PROTOCOL,
            user_id=request.user_id,
            message_id=request.message_id,
            output_format="chat",
        )
        receipt = await self.inbox.receive(thread_id, message, opening)
        try:
            end = await self._end_of(thread_id, receipt)
        except StillRunning as error:
            raise HTTPException(500, f"Error processing chat: {error}", headers) from None
        match end:
            case RunCompleted(text=text):
                return ChatResponse(response=FINAL_ANSWER.format(text))
            case RunInterrupted(question=question):
                return ChatResponse(response=question)
            case RunFailed(error=reason):
                raise HTTPException(500, f"Error processing chat: {reason}", headers)
            case _:
                raise HTTPException(500, "Error processing chat: the run was cancelled", headers)

    async def _end_of(self, thread_id: str, receipt: Receipt) -> RunEvent:
        bound = self.settings.run_timeout
        runs, after = [receipt.run_id], receipt.sequence
        return await ends_of(self.log, thread_id, runs, after=after, timeout_seconds=bound)

    async def resume(self, thread_id: ThreadId, request: ResumeRequest) -> Resumed:
        """Answer the question that is asked, and wait for what comes of it."""
        if await self.inbox.standing(thread_id) is None:
            raise not_found(thread_id)
        if request.approve is None and request.response is None:
            raise HTTPException(400, "approve: either approve or response is needed")
        interrupt_id = request.interrupt_id
        if interrupt_id is None:
            waiting = await self.inbox.waiting(thread_id)
            if waiting is None:
                raise HTTPException(400, _NOT_WAITING)
            interrupt_id = waiting.questions[0].interrupt_id
        answer = AnswerReceived(
            addressee=RESPONDER,
            interrupt_id=interrupt_id,
            protocol=PROTOCOL,
            approve=request.approve if request.response is None else None,
            response=request.response,
        )
        try:
            receipt = await self.inbox.answer(thread_id, answer)
            end = await self._end_of(thread_id, receipt)
        except NotWaiting:
            raise HTTPException(400, _NOT_WAITING) from None
        except StillRunning as error:
            raise HTTPException(504, str(error)) from None
        _, state = await self.questions.state(thread_id)
        match end:
            case RunCompleted() | RunInterrupted():
                return Resumed(success=True, message=_resumed(answer), state=state)
            case RunFailed(error=reason):
                raise HTTPException(500, f"Error resuming session: {reason}")
            case _:
                return Resumed(success=False, message="Session run was cancelled", state=state)

    async def cancel(self, thread_id: ThreadId) -> Cancelled:
        """Stop the run in progress and those queued behind it.

        A question that waits for a person is no run in progress: refuse it instead.
        """
        tail = await self.log.tail(thread_id)
        if await self.inbox.standing(thread_id) is None:
            raise not_found(thread_id)
        try:
            runs = await self.inbox.cancel(thread_id)
        except NotRunning:
            raise HTTPException(409, "Session has no run in progress") from None
        message = "Session run cancelled"
        try:
            await ends_of(self.log, thread_id, runs, after=tail, timeout_seconds=self.settings.query_timeout)
        except StillRunning:
            message = "Session run is being cancelled"
        return Cancelled(success=True, message=message, run_ids=list(runs))

    async def fork(self, thread_id: ThreadId, request: ForkRequest) -> Forked:
        """Begin a new conversation in the state of a checkpoint."""
        if await self.inbox.standing(thread_id) is None:
            raise not_found(thread_id)
        target = _checked(request.thread_id) if request.thread_id else _new_thread_id()
        count_beginning()
        command = queries.Fork(conversation=thread_id, checkpoint_id=request.checkpoint_id, target=target)
        answer = await self.questions.ask(queries.FORK, command, queries.Forked)
        match answer.outcome:
            case "no_conversation":
                raise not_found(thread_id)
            case "no_checkpoint":
                raise HTTPException(404, f"Checkpoint not found: {request.checkpoint_id}")
            case "target_exists":
                raise HTTPException(409, f"thread_id: there is a session {target} already")
        _, state = await self.questions.state(target)
        return Forked(
            thread_id=target, checkpoint_id=request.checkpoint_id, forked_from=thread_id, state=state
        )

    async def delete(self, thread_id: ThreadId) -> Done:
        """Delete a session; its id may be used again for a new one."""
        if not await self.inbox.delete(thread_id):
            raise not_found(thread_id)
        return Done(message=f"Session {thread_id} deleted successfully")


def router(talk: Talk) -> APIRouter:
    """``/chat``, and the calls that change a session."""
    routes = APIRouter(tags=["octo"], responses=documented(422, 503))
    session = "/api/sessions/{thread_id:path}"
    post, delete = ["POST"], ["DELETE"]
    routes.add_api_route("/chat", talk.chat, methods=post, responses=documented(413, 500))
    routes.add_api_route(
        f"{session}/resume", talk.resume, methods=post, responses=documented(400, 404, 413, 500, 504)
    )
    routes.add_api_route(f"{session}/cancel", talk.cancel, methods=post, responses=documented(404, 409))
    routes.add_api_route(
        f"{session}/fork", talk.fork, methods=post, status_code=201, responses=documented(404, 409, 413)
    )
    routes.add_api_route(session, talk.delete, methods=delete, responses=documented(404))
    return routes


def _checked(thread_id: str) -> str:
    try:
        return check_key(thread_id)
    except InvalidKey as error:
        raise HTTPException(422, f"thread_id: {error}") from None


def _new_thread_id() -> str:
    return "thread_" + "".join(secrets.choice(_LETTERS) for _ in range(16))


def _resumed(answer: AnswerReceived) -> str:
    if answer.response is not None:
        return "Session resumed with user response"
    return f"Session resumed with {'auto-approval' if answer.approve else 'refusal'}"
