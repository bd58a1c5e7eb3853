"""The commands of a thread's event stream: ``run.start``, ``input.respond`` and what there is not."""

import json
from dataclasses import dataclass
from typing import Any, Final

from fastapi import HTTPException
from pydantic import ValidationError

from edge_rest.errors import described
from edge_rest.langgraph.agents import Agents
from edge_rest.langgraph.requests import Requests
from protocols.langgraph.commands import Refused, is_uuid
from protocols.langgraph.wire import RunCreate

NOT_A_COMMAND: Final = {
    "type": "error",
    "id": None,
    "error": "invalid_argument",
    "message": "Protocol commands must include an integer id and string method.",
}


@dataclass(slots=True)
class Commands:
    """Carries commands out."""

    agents: Agents
    requests: Requests

    async def answer(
        self, thread_id: str, command: Any, *, key: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """The status and the body of the answer to a command; by its `key` it is not taken twice."""
        identity = command.get("id") if isinstance(command, dict) else None
        method = command.get("method") if isinstance(command, dict) else None
        if type(identity) is not int or not isinstance(method, str):
            return 400, NOT_A_COMMAND | {"id": identity if isinstance(identity, int | str) else None}
        params = command.get("params") or {}
        try:
            result = await self._do(thread_id, method, params if isinstance(params, dict) else {}, key)
        except Refused as refused:
            return 200, _error(identity, refused.code, str(refused))
        except HTTPException as error:
            return 200, _error(identity, "unknown_error", f"{error.status_code}: {error.detail}")
        meta = {"applied_through_seq": 0}
        return 200, {"type": "success", "id": identity, "result": result, "meta": meta}

    async def _do(
        self, thread_id: str, method: str, params: dict[str, Any], key: str | None
    ) -> dict[str, Any]:
        match method:
            case "run.start":
                return await self._start(thread_id, params, key)
            case "input.respond":
                return await self._respond(thread_id, params, key)
            case "agent.getTree":
                raise Refused("no_such_run", "No active run is bound to this thread.")
            case _:
                raise Refused("unknown_command", f"Unknown protocol command: {method[:200]}")

    async def _start(self, thread_id: str, params: dict[str, Any], key: str | None) -> dict[str, Any]:
        if not isinstance(params.get("assistant_id"), str):
            raise Refused("invalid_argument", "run.start requires an assistant_id.")
        if not is_uuid(thread_id) and await self.agents.inbox.standing(thread_id) is None:
            raise HTTPException(422, "Invalid thread ID")
        named = ("assistant_id", "input", "config", "metadata")
        body: dict[str, Any] = {name: params[name] for name in named if name in params}
        if (strategy := params.get("multitaskStrategy", params.get("multitask_strategy"))) is not None:
            body["multitask_strategy"] = strategy
        if params.get("input") is None:
            return {"run_id": await self._ask(thread_id, body, key=key)}
        answering = body | {"input": None, "command": {"resume": params["input"]}}
        either = (answering, body) if await self._asks(thread_id) else (body, answering)
        return {"run_id": await self._ask(thread_id, *either, key=key)}

    async def _respond(self, thread_id: str, params: dict[str, Any], key: str | None) -> dict[str, Any]:
        known = await self.requests.is_known(thread_id, key)
        waiting = await self._asks(thread_id)
        if not (waiting or known):
            raise Refused("no_such_run", "No interrupted run is bound to this thread.")
        many = params.get("responses")
        responses = many if isinstance(many, list) else [params]
        resume: dict[str, Any] = {}
        for each in responses:
            given = each if isinstance(each, dict) else {}
            identity = given.get("interrupt_id")
            if not isinstance(identity, str) or not (known or identity in waiting):
                message = f"Unknown or already-consumed interrupt: {str(identity)[:200]}"
                raise Refused("no_such_interrupt", message)
            resume[identity] = given.get("response")
        command: dict[str, Any] = {"resume": resume}
        command |= {name: params[name] for name in ("update", "goto") if params.get(name) is not None}
        record = await self.agents.thread(thread_id)
        graph = await self.agents.graph_of(record) or record.graph or (await self.agents.graphs()).default
        assistant = record.metadata.get("assistant_id") or graph
        body = {"assistant_id": assistant, "command": command, "strict_resume": True}
        try:
            await self._ask(thread_id, body, key=key)
        except HTTPException as error:
            if error.status_code == 409:
                raise Refused("no_such_interrupt", str(error.detail)) from None
            raise
        return {}

    async def _ask(self, thread_id: str, *either: dict[str, Any], key: str | None) -> str:
        """Ask for a run, for the first of two where it was not asked for before; its id."""
        try:
            requests = [RunCreate.model_validate(body) for body in either]
        except ValidationError as error:
            raise Refused("invalid_argument", described(error.errors())) from None
        first, other = requests[0], requests[-1]
        asked = await self.requests.ask_either(
            thread_id, first, other, key=key, stream="protocol", create=True
        )
        return asked.run_id

    async def _asks(self, thread_id: str) -> set[str]:
        """The ids of the questions that wait for an answer."""
        if await self.agents.inbox.standing(thread_id) is None:
            return set()
        (state,) = await self.agents.states(await self.agents.thread(thread_id))
        return {asked["id"] for asked in json.loads(state)["interrupts"]}


def _error(identity: int, code: str, message: str) -> dict[str, Any]:
    return {"type": "error", "id": identity, "error": code, "message": message}
