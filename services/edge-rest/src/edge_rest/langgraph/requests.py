"""How a run is asked for: its request checked, its thread begun if need be, all of it in the log at once."""

import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from fastapi import HTTPException

from contracts.envelope import Recorded, format_time
from contracts.events import (
    ConversationStarted,
    Event,
    MetadataChanged,
    Origin,
    RunRequested,
)
from edge_rest.langgraph.agents import RESPONDER, Agents, as_new_id, check_settings, checked, opening, owner
from edge_rest.langgraph.alarm import Alarm
from edge_rest.langgraph.paging import KeyReused, derived
from edge_rest.langgraph.webhooks import Webhooks
from eventlog.turns.inbox import Receipt
from eventlog.turns.refusals import Busy, Missing
from protocols.langgraph.commands import Assistant, origin_of
from protocols.langgraph.wire import PROTOCOL, RunCreate

LABELS_REMEMBERED: Final = 10_000
_BUSY: Final = (
    "Thread is already running a task. Wait for it to finish or choose a different multitask strategy."
)
_GONE: Final = "This request was taken before, and its thread is gone."
_NOT_WAITING: Final = "Nothing waits for this answer: it was given before, or was never asked for."


@dataclass(frozen=True, slots=True)
class Asked:
    """A run that was asked for."""

    thread_id: str
    request: RunRequested
    receipt: Receipt

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.receipt.run_id


@dataclass(slots=True)
class Requests:
    """Appends requests for runs."""

    agents: Agents
    webhooks: Webhooks
    alarm: Alarm
    _labelled: OrderedDict[int, dict[str, str]] = field(default_factory=OrderedDict)

    async def ask(
        self,
        thread_id: str,
        body: RunCreate,
        *,
        key: str | None = None,
        stream: Any = "modes",
        ephemeral: bool = False,
        create: bool = False,
        strict: bool = False,
        anew: bool = True,
    ) -> Asked:
        """Ask for a run on a thread.

        Args:
            key: names the request, so that it is not taken twice.
            stream: how it is streamed; see `RunRequested`.
            ephemeral: the thread ends with the run.
            create: begin the thread if there is none, whatever the body says.
            strict: an answer that nothing waits for is refused, whatever the body says.
            anew: a thread that was deleted may begin anew.

        Raises:
            Missing: if it was deleted, and may not.
            KeyReused: if the key has named another request.
            HTTPException: 404, 409 or 422, with what is wrong.
        """
        check_settings(body.config, body.context)
        if body.webhook is not None:
            self.webhooks.check(body.webhook)
        assistant = await self.agents.assistant(body.assistant_id)
        conversation = checked(thread_id)
        start = await self.agents.inbox.standing(conversation)
        if start is None:
            if not (create or body.if_not_exists == "create"):
                raise HTTPException(404, "Thread or assistant not found.")
            conversation = as_new_id(thread_id)
        user = await owner()
        request = request_of(body, assistant, user=user, key=key, stream=stream, ephemeral=ephemeral)
        try:
            receipt = await self.agents.inbox.receive(
                conversation,
                request,
                await opening(assistant.graph),
                *await self._labels(conversation, start, assistant, body.metadata),
                anew=anew,
                guard=self._is_awaited(conversation, body) if strict or body.strict_resume else None,
            )
        except Busy:
            raise HTTPException(409, _BUSY) from None
        if receipt.again:
            await self._check_same(conversation, request, receipt)
        if body.webhook is not None:
            self.alarm.ring()
        return Asked(conversation, request, receipt)

    async def ask_either(
        self, thread_id: str, body: RunCreate, other: RunCreate, *, key: str | None, **more: Any
    ) -> Asked:
        """Ask for what a request comes to as things stand; of one that was taken before, whichever it was.

        Raises as `ask`.
        """
        try:
            return await self.ask(thread_id, body, key=key, **more)
        except KeyReused:
            return await self.ask(thread_id, other, key=key, **more)

    async def ask_alone(self, body: RunCreate, key: str | None, *place: str, keep: bool = False) -> Asked:
        """Ask for a run on a thread of its own.

        Args:
            place: of several requests with the same key, which one it is.
            keep: the thread stays when the run has ended. The log has it still if it does not, so that who
                asks again with the key is told the same.

        Raises as `ask`.
        """
        if key is None:
            return await self.ask(str(uuid4()), body, ephemeral=not keep, create=True)
        thread_id = derived(await owner(), key, "run", *place)
        try:
            return await self.ask(thread_id, body, key=key, ephemeral=not keep, create=True, anew=False)
        except Missing:
            return await self._asked_before(thread_id, body, key, keep=keep)

    async def is_known(self, thread_id: str, key: str | None) -> bool:
        """Whether a run was asked for on a thread with this key."""
        return key is not None and await self.agents.inbox.knows(checked(thread_id), PROTOCOL, key)

    async def _asked_before(self, thread_id: str, body: RunCreate, key: str, *, keep: bool) -> Asked:
        """The run that a thread had that is gone."""
        start = await self.agents.log.last(thread_id, ConversationStarted.type)
        after = start.sequence if start else 0
        asked = await self.agents.log.next(thread_id, f"{RunRequested.type}.>", after=after)
        if asked is None:
            raise HTTPException(409, _GONE)
        assistant = await self.agents.assistant(body.assistant_id)
        user = await owner()
        request = request_of(body, assistant, user=user, key=key, stream="modes", ephemeral=not keep)
        receipt = Receipt(asked.id, asked.sequence, again=True)
        await self._check_same(thread_id, request, receipt)
        return Asked(thread_id, request, receipt)

    async def _check_same(self, thread_id: str, request: RunRequested, receipt: Receipt) -> None:
        """Raises `KeyReused` if a run that was asked for before is another one."""
        known = await self.agents.request(thread_id, receipt.sequence)
        if known is None or not isinstance(event := known.event, RunRequested):
            return
        when = {"addressee": event.addressee, "not_before": event.not_before}
        is_later = (request.not_before is None) == (event.not_before is None)
        if not is_later or request.model_copy(update=when) != event:
            raise KeyReused

    async def _labels(
        self, conversation: str, start: Recorded | None, assistant: Assistant, metadata: dict[str, Any]
    ) -> list[Event]:
        """What a run adds to its thread's metadata, where that is not there yet."""
        labels = {"graph_id": assistant.graph, "assistant_id": assistant.assistant_id}
        if start is None:
            return [MetadataChanged(metadata={**metadata, **labels})]
        if self._labelled.get(start.sequence) == labels:
            return []
        self._labelled[start.sequence] = labels
        while len(self._labelled) > LABELS_REMEMBERED:
            self._labelled.popitem(last=False)
        newest = await self.agents.log.last(conversation, MetadataChanged.type)
        known = (
            newest.event.metadata
            if newest and newest.sequence > start.sequence and isinstance(newest.event, MetadataChanged)
            else {}
        )
        return [] if labels.items() <= known.items() else [MetadataChanged(metadata=labels)]

    def _is_awaited(self, conversation: str, body: RunCreate) -> Callable[[Recorded], Awaitable[None]] | None:
        """What refuses an answer that nothing waits for; None where the run is no answer."""
        resume = (body.command or {}).get("resume")
        if resume is None:
            return None

        async def check(start: Recorded) -> None:
            record = await self.agents.thread(conversation)
            (text,) = await self.agents.states(record)
            waiting = {asked["id"] for asked in json.loads(text)["interrupts"]}
            named = set(resume) if isinstance(resume, dict) and set(resume) & waiting else None
            if not waiting or (named and not named <= waiting) or await self.agents.inbox.is_busy(start):
                raise HTTPException(409, _NOT_WAITING)

        return check


def request_of(
    body: RunCreate,
    assistant: Assistant,
    *,
    user: str | None,
    key: str | None,
    stream: Any,
    ephemeral: bool,
) -> RunRequested:
    """The event that asks for what a body says. Raises a 422 on a command that is none."""
    command = body.command
    if command is not None and (unknown := set(command) - {"resume", "update", "goto"}):
        raise HTTPException(422, f"command: unknown {', '.join(sorted(unknown))[:200]}")
    durability = body.durability or ("exit" if body.checkpoint_during is False else "async")
    return RunRequested(
        addressee=RESPONDER,
        protocol=PROTOCOL,
        graph=assistant.graph,
        assistant_id=assistant.assistant_id,
        input=body.input if command is None else None,
        command=command,
        config=assistant.config_of(body.config),
        context=assistant.context_of(body.context),
        metadata=body.metadata,
        origin=_origin(body),
        message_id=key,
        user_id=user,
        on_busy=body.multitask_strategy or "enqueue",
        stream_modes=tuple(dict.fromkeys(body.stream_mode or ["values"])),
        subgraphs=body.stream_subgraphs,
        stream=stream,
        interrupt_before=_nodes(body.interrupt_before),
        interrupt_after=_nodes(body.interrupt_after),
        durability=durability,
        not_before=_later(body.after_seconds),
        webhook=body.webhook,
        ephemeral=ephemeral,
    )


def _origin(body: RunCreate) -> Origin | None:
    named = body.checkpoint.model_dump() if body.checkpoint else {}
    if body.checkpoint_id:
        named |= {"checkpoint_id": body.checkpoint_id}
    return origin_of(named) or origin_of(body.config.get("configurable") or {})


def _later(seconds: float | None) -> str | None:
    return format_time(datetime.now(UTC) + timedelta(seconds=seconds)) if seconds else None


def _nodes(nodes: Any) -> Any:
    return tuple(nodes) if isinstance(nodes, list) else nodes
