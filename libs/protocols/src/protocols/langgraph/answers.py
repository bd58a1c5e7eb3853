"""What clients of the LangGraph Agent Server API get: threads, runs, assistants. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID, uuid5

from contracts.envelope import Recorded, format_time
from contracts.events import AnswerReceived, MessageReceived, RunRequested
from contracts.queries import AssistantRecord, RunRecord, ThreadRecord

NAMESPACE: Final = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
"""Of the ids of the assistants that stand for a graph as it is."""

ORDERS: Final = {"thread_id": "key"}


def default_assistant_id(graph: str) -> str:
    """The id of the assistant that stands for a graph as it is."""
    return str(uuid5(NAMESPACE, graph))


def default_assistant(graph: str, at: str) -> dict[str, Any]:
    """That assistant; `at` is RFC 3339."""
    return {
        "assistant_id": default_assistant_id(graph),
        "graph_id": graph,
        "name": graph,
        "description": None,
        "config": {},
        "context": {},
        "metadata": {"created_by": "system"},
        "version": 1,
        "created_at": at,
        "updated_at": at,
    }


def assistant(record: AssistantRecord) -> dict[str, Any]:
    """An assistant that somebody has made."""
    return {
        "assistant_id": record.assistant_id,
        "graph_id": record.graph,
        "name": record.name,
        "description": record.description,
        "config": record.config,
        "context": {} if record.context is None else record.context,
        "metadata": record.metadata,
        "version": record.version,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    }


def thread(record: ThreadRecord, state: Mapping[str, Any] | None) -> dict[str, Any]:
    """A thread; `state` is its newest one, None before the first run."""
    answer: dict[str, Any] = {
        "thread_id": record.key,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "state_updated_at": record.state_updated_at,
        "metadata": record.metadata,
        "status": record.status,
        "config": {"configurable": {}} if "graph_id" in record.metadata else {},
        "values": state["values"] if state else None,
    }
    error = {"error": record.error_kind, "message": record.error} if record.error_kind else None
    if state or error:
        tasks = state["tasks"] if state else ()
        answer |= {
            "error": error,
            "interrupts": {task["id"]: task["interrupts"] for task in tasks if task["interrupts"]},
        }
    return answer


def run(record: RunRecord, thread_id: str, request: Recorded | None) -> dict[str, Any]:
    """A run; `request` is the event that asked for it."""
    event = request.event if request else None
    asked = event if isinstance(event, RunRequested) else None
    assistant_id = (asked and asked.assistant_id) or default_assistant_id(record.graph)
    about = {"graph_id": record.graph, "assistant_id": assistant_id}
    metadata = {"created_by": "system", **about, **(asked.metadata if asked else {})}
    return {
        "run_id": record.run_id,
        "thread_id": thread_id,
        "assistant_id": assistant_id,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "status": record.status,
        "metadata": metadata,
        "kwargs": _kwargs(event, record, thread_id, metadata),
        "multitask_strategy": getattr(event, "on_busy", "enqueue"),
        "langsmith_session_name": None,
    }


def asked(run_id: str, thread_id: str, request: Recorded | None, record: RunRecord | None) -> dict[str, Any]:
    """A run that was just asked for, of which nothing may be known any more by now."""
    if record is None and request is not None:
        at = format_time(request.occurred_at)
        record = RunRecord(
            run_id=run_id,
            sequence=request.sequence,
            protocol=getattr(request.event, "protocol", ""),
            graph=getattr(request.event, "graph", ""),
            status="pending",
            attempt=1,
            created_at=at,
            updated_at=at,
        )
    return run(record, thread_id, request) if record else {"run_id": run_id, "thread_id": thread_id}


def _kwargs(event: Any, record: RunRecord, thread_id: str, metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked for."""
    if not isinstance(event, RunRequested):
        return {"input": _said(event)}
    place: dict[str, Any] = {"run_id": record.run_id, "thread_id": thread_id, "user_id": event.user_id or ""}
    place |= {name: metadata[name] for name in ("graph_id", "assistant_id")}
    if event.origin:
        place |= {"checkpoint_id": event.origin.checkpoint_id, "checkpoint_ns": event.origin.namespace}
    tried = {} if record.status == "pending" else {"run_attempt": record.attempt}
    configurable = {**(event.config.get("configurable") or {}), **place}
    return {
        "input": event.input,
        "command": event.command,
        "config": {**event.config, "configurable": configurable, "metadata": {**metadata, **tried}},
        "context": event.context if event.context is not None else {},
        "stream_mode": list(event.stream_modes),
        "interrupt_before": _listed(event.interrupt_before),
        "interrupt_after": _listed(event.interrupt_after),
        "webhook": event.webhook,
        "feedback_keys": None,
        "temporary": event.ephemeral,
        "subgraphs": event.subgraphs,
        "resumable": True,
        "checkpoint_during": event.durability != "exit",
        "durability": event.durability,
    }


def _said(event: Any) -> Any:
    match event:
        case MessageReceived(text=text):
            return {"messages": [{"type": "human", "content": text}]}
        case AnswerReceived(response=response, approve=approve):
            return {"approve": approve} if response is None else {"response": response}
        case _:
            return None


def _listed(nodes: str | Sequence[str] | None) -> Any:
    return nodes if nodes is None or isinstance(nodes, str) else list(nodes)


def selected(answer: Mapping[str, Any], names: Sequence[str] | None) -> dict[str, Any]:
    """Only these fields of it; all without names."""
    return dict(answer) if names is None else {name: answer[name] for name in names if name in answer}


def extracted(answer: Any, path: str) -> Any:
    """What is at ``a.b[0]`` of it; None where nothing is."""
    found = answer
    for part in path.replace("[", ".[").split("."):
        if part.startswith("[") and part.endswith("]"):
            found = _item(found, part[1:-1])
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None:
            return None
    return found


def _item(found: Any, place: str) -> Any:
    if not isinstance(found, list) or not place.removeprefix("-").isdecimal():
        return None
    number = int(place)
    return found[number] if -len(found) <= number < len(found) else None


def contains(whole: Any, part: Any) -> bool:
    """Whether a JSON value contains another one, in depth."""
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(
            name in whole and contains(whole[name], value) for name, value in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(any(contains(item, one) for item in whole) for one in part)
    return bool(whole == part)
