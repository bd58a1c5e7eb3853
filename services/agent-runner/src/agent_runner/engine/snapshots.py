"""The states that graphs have come to: read, and as LangGraph's API tells them."""

from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.pregel import Pregel
from langgraph.types import StateSnapshot

from agent_runner.engine.checkpointer import LogCheckpointSaver


async def snapshot_of(
    graph: Pregel[Any, Any, Any, Any], config: RunnableConfig, *, subgraphs: bool = False
) -> StateSnapshot:
    """A state; where the nodes behind the newest one have written what the graph cannot take together, which
    failed their run, the state without that.

    Raises:
        Exception: whatever the graph raises that cannot read that either.
    """
    try:
        return await graph.aget_state(config, subgraphs=subgraphs)
    except Exception:
        saver, place = graph.checkpointer, config["configurable"]
        is_newest = not (place.get("checkpoint_id") or place.get("checkpoint_ns"))
        newest = (
            await saver.aget_tuple(config) if is_newest and isinstance(saver, LogCheckpointSaver) else None
        )
        if newest is None:
            raise
        # LangGraph leaves the writes out where the checkpoint is named.
        return await graph.aget_state(newest.config, subgraphs=subgraphs)


def as_dict(snapshot: StateSnapshot, show_errors: bool) -> dict[str, Any]:
    """A state as LangGraph's API tells it.

    Args:
        show_errors: whether what nodes raised is told, not only of which kind it was.
    """
    checkpoint, parent = _place(snapshot.config), _place(snapshot.parent_config)
    tasks = [_task(task, show_errors) for task in snapshot.tasks]
    return {
        "values": snapshot.values,
        "next": list(snapshot.next),
        "tasks": tasks,
        "metadata": snapshot.metadata,
        "created_at": snapshot.created_at,
        "checkpoint": checkpoint,
        "parent_checkpoint": parent,
        "interrupts": [asked for task in tasks for asked in task["interrupts"]],
        "checkpoint_id": checkpoint and checkpoint.get("checkpoint_id"),
        "parent_checkpoint_id": parent and parent.get("checkpoint_id"),
    }


def _task(task: Any, show_errors: bool) -> dict[str, Any]:
    state, checkpoint = task.state, None
    error = repr(task.error) if isinstance(task.error, BaseException) else task.error
    if isinstance(state, StateSnapshot):
        state = as_dict(state, show_errors) if state.metadata is not None else empty(None)
    elif state is not None:
        state, checkpoint = None, _place(state)
    return {
        "id": task.id,
        "name": task.name,
        "path": [part for part in task.path if not callable(part)],
        "error": error if show_errors or error is None else str(error).partition("(")[0],
        "interrupts": [{"id": asked.id, "value": asked.value} for asked in task.interrupts],
        "checkpoint": checkpoint,
        "state": state,
        "result": task.result,
    }


def _place(config: Any) -> dict[str, Any] | None:
    """Where a config points to, without what else is in it."""
    if not config:
        return None
    named = ("checkpoint_id", "thread_id", "checkpoint_ns", "checkpoint_map")
    return {name: config["configurable"][name] for name in named if name in config["configurable"]}


def empty(checkpoint: dict[str, Any] | None) -> dict[str, Any]:
    """The state where there is none."""
    return {
        "values": {},
        "next": [],
        "tasks": [],
        "metadata": None,
        "created_at": None,
        "checkpoint": checkpoint,
        "parent_checkpoint": None,
        "interrupts": [],
        "checkpoint_id": checkpoint and checkpoint["checkpoint_id"],
        "parent_checkpoint_id": None,
    }
