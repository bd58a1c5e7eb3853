"""A thread's event stream by WebSocket: ``/threads/{thread_id}/stream/events``; commands in, events out."""

import asyncio
import json
from typing import Any, Final
from uuid import uuid4

from starlette.websockets import WebSocket

from access.visitor import VISITOR
from contracts.envelope import Recorded
from contracts.events import ConversationStarted, MetadataChanged, RunRequested
from contracts.live import request_of
from edge_ws.assistants import Assistants
from edge_ws.connection import Connection, Unreadable
from edge_ws.conversation import checked_key, serve
from edge_ws.settings import EdgeSettings
from eventlog.broker import Broker
from eventlog.live import Live
from eventlog.ports import Log, LogError
from eventlog.turns.frames import following
from eventlog.turns.inbox import Inbox
from eventlog.turns.refusals import Busy, NotWaiting
from eventlog.turns.standing import Waiting
from protocols.langgraph.commands import Refused, as_object, is_uuid, origin_of
from protocols.langgraph.events import NotUnderstood, Subscription, ThreadStream
from protocols.langgraph.wire import PROTOCOL

RESPONDER: Final = "agent-runner"
SUBSCRIPTIONS: Final = 32
_STRATEGIES: Final = ("enqueue", "reject", "interrupt", "rollback")


class LangGraphEndpoint:
    """Serves one client after another, any number at once."""

    def __init__(self, broker: Broker, log: Log, live: Live, inbox: Inbox, settings: EdgeSettings) -> None:
        self.assistants = Assistants(broker, log)
        self.log = log
        self.live = live
        self.inbox = inbox
        self._settings = settings

    async def serve(self, socket: WebSocket, thread_id: str) -> None:
        """Talk to one client until it leaves."""

        async def hold(connection: Connection) -> None:
            checked_key("thread_id", thread_id)
            await _Client(self, thread_id, connection).hold(self._settings.max_frame)

        await serve(
            socket,
            send_timeout=self._settings.send_timeout,
            hold=hold,
            refusal=lambda reason: json.dumps(_error(None, "invalid_argument", reason)),
        )


class _Client:
    """One client's view of one thread."""

    def __init__(self, endpoint: LangGraphEndpoint, thread_id: str, connection: Connection) -> None:
        self._endpoint = endpoint
        self._thread_id = thread_id
        self._connection = connection
        self._subscriptions: dict[str, asyncio.Task[None]] = {}
        self._seq = 0

    async def hold(self, max_frame: int) -> None:
        """Until the client leaves."""
        async with asyncio.TaskGroup() as group:
            async for frame in self._connection.texts(max_frame):
                await self._connection.send(json.dumps(await self._answer(frame, group)))
            for task in self._subscriptions.values():
                task.cancel()

    async def _answer(self, frame: str | Unreadable, group: asyncio.TaskGroup) -> dict[str, Any]:
        command = _read(frame)
        identity, method = command.get("id"), command.get("method")
        if type(identity) is not int or not isinstance(method, str):
            told = "Protocol commands must include an integer id and string method."
            return _error(identity if isinstance(identity, int | str) else None, "invalid_argument", told)
        params = command.get("params")
        try:
            result = await self._do(method, params if isinstance(params, dict) else {}, group)
        except Refused as refused:
            return _error(identity, refused.code, str(refused))
        except NotUnderstood as error:
            return _error(identity, "invalid_argument", str(error))
        except LogError:
            return _error(identity, "unknown_error", "the service is not available, try again")
        meta = {"applied_through_seq": self._seq}
        return {"type": "success", "id": identity, "result": result, "meta": meta}

    async def _do(self, method: str, params: dict[str, Any], group: asyncio.TaskGroup) -> dict[str, Any]:
        match method:
            case "run.start":
                return {"run_id": await self._start(params)}
            case "input.respond":
                await self._respond(params)
                return {}
            case "subscription.subscribe" | "subscription.reconnect":
                return self._subscribe(params, group)
            case "subscription.unsubscribe":
                if task := self._subscriptions.pop(str(params.get("subscription_id")), None):
                    task.cancel()
                return {}
            case "agent.getTree":
                raise Refused("no_such_run", "No active run is bound to this thread.")
            case _:
                raise Refused("unknown_command", f"Unknown protocol command: {method[:200]}")

    def _subscribe(self, params: dict[str, Any], group: asyncio.TaskGroup) -> dict[str, Any]:
        wanted = Subscription.of(params)
        if len(self._subscriptions) >= SUBSCRIPTIONS:
            raise Refused("invalid_argument", f"at most {SUBSCRIPTIONS} subscriptions at once")
        identity = str(uuid4())
        self._subscriptions[identity] = group.create_task(self._show(wanted))
        return {"subscription_id": identity, "replayed_events": 0}

    async def _show(self, wanted: Subscription) -> None:
        log, inbox = self._endpoint.log, self._endpoint.inbox
        start = await inbox.standing(self._thread_id)
        begins = start.sequence if start else await log.tail(self._thread_id) + 1
        after = max(begins, request_of(wanted.since)) - 1
        stream = ThreadStream()
        async with following(log, self._endpoint.live, self._thread_id, after=after) as items:
            async for item in items:
                for event in stream.feed(item):
                    self._seq = max(self._seq, event.seq)
                    if event.state_of is None and wanted.wants(event):
                        await self._connection.send(event.text)

    async def _start(self, params: dict[str, Any]) -> str:
        own = await self._endpoint.assistants.named(params.get("assistant_id"))
        params = {**params, "config": own.config_of(as_object(params.get("config")))}
        asked = await self._asked()
        given, command = params.get("input"), None
        if given is not None and asked:
            given, command = None, {"resume": params["input"]}
        return await self._request(
            params, own.graph, own.assistant_id, given, command, context=own.context_of(None)
        )

    async def _respond(self, params: dict[str, Any]) -> None:
        waiting = await self._endpoint.inbox.waiting(self._thread_id)
        asked = _ids(waiting)
        if waiting is None or not asked:
            raise Refused("no_such_run", "No interrupted run is bound to this thread.")
        many = params.get("responses")
        resume: dict[str, Any] = {}
        for each in many if isinstance(many, list) else [params]:
            identity = each.get("interrupt_id") if isinstance(each, dict) else None
            if identity not in asked:
                told = f"Unknown or already-consumed interrupt: {str(identity)[:200]}"
                raise Refused("no_such_interrupt", told)
            resume[str(identity)] = each.get("response")
        command = {"resume": resume}
        command |= {name: params[name] for name in ("update", "goto") if params.get(name) is not None}

        async def is_asked_still(_: Recorded) -> None:
            if not set(resume) <= await self._asked():
                raise NotWaiting

        newest = await self._endpoint.log.last(self._thread_id, f"{RunRequested.type}.>")
        graph, assistant_id = "", None  # the conversation's own, where another protocol asked for the run
        asker = getattr(waiting.recorded.event, "run_id", None)
        if newest and newest.id == asker and isinstance(newest.event, RunRequested):
            graph, assistant_id = newest.event.graph, newest.event.assistant_id
        try:
            await self._request({}, graph, assistant_id, None, command, guard=is_asked_still)
        except NotWaiting:
            told = "Unknown or already-consumed interrupt"
            raise Refused("no_such_interrupt", told) from None

    async def _asked(self) -> set[str]:
        """The ids of the questions that wait for an answer."""
        return _ids(await self._endpoint.inbox.waiting(self._thread_id))

    async def _request(
        self,
        params: dict[str, Any],
        graph: str,
        assistant_id: str | None,
        given: Any,
        command: dict[str, Any] | None,
        *,
        context: Any = None,
        guard: Any = None,
    ) -> str:
        config, metadata = (as_object(params.get(name)) for name in ("config", "metadata"))
        strategy = params.get("multitaskStrategy", params.get("multitask_strategy")) or "enqueue"
        if strategy not in _STRATEGIES:
            raise Refused("invalid_argument", f"multitaskStrategy: must be one of {', '.join(_STRATEGIES)}")
        visitor = VISITOR.get()
        user = await visitor.user() if visitor else None
        request = RunRequested(
            addressee=RESPONDER,
            protocol=PROTOCOL,
            graph=graph,
            assistant_id=assistant_id,
            input=given,
            command=command,
            config=config,
            context=context,
            metadata=metadata,
            origin=origin_of(as_object(config.get("configurable"))),
            user_id=user,
            on_busy=strategy,
            stream="protocol",
        )
        opening = ConversationStarted(
            responder_name=RESPONDER, graph=graph, protocol=PROTOCOL, user_id=user, owner=user
        )
        begins = await self._endpoint.inbox.standing(self._thread_id) is None
        if begins and not is_uuid(self._thread_id):
            raise Refused("unknown_error", "422: Invalid thread ID")
        added = {"graph_id": graph, "assistant_id": assistant_id}
        labels = [MetadataChanged(metadata={**(metadata if begins else {}), **added})]
        try:
            receipt = await self._endpoint.inbox.receive(
                self._thread_id, request, opening, *(labels if graph else []), guard=guard
            )
        except Busy:
            raise Refused("unknown_error", "409: Thread is already running a task.") from None
        return receipt.run_id


def _ids(waiting: Waiting | None) -> set[str]:
    """Of the questions of a run that wait for an answer."""
    questions = waiting.questions if waiting else ()
    return {asked.interrupt_id for asked in questions if asked.kind != "breakpoint"}


def _read(frame: str | Unreadable) -> dict[str, Any]:
    """The command in a frame; an empty one where it is none."""
    try:
        command = json.loads(frame) if isinstance(frame, str) else None
    except (ValueError, RecursionError):
        command = None
    return as_object(command)


def _error(identity: int | str | None, code: str, message: str) -> dict[str, Any]:
    return {"type": "error", "id": identity, "error": code, "message": message}
