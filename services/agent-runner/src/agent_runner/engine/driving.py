"""A graph driven from its input to where it stops; what its nodes do goes into the journal as it happens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.runnables import RunnableConfig

from agent_runner.engine.assignment import Assignment
from agent_runner.engine.catalogue import Compiled, Ready
from agent_runner.engine.checkpointer import Stage
from agent_runner.engine.deltas import Deltas
from agent_runner.engine.effects import STAGE_SECONDS, Effects
from agent_runner.engine.interrupts import breakpoint_of, questions_of
from agent_runner.engine.options import options_of
from agent_runner.engine.outputs import presented
from agent_runner.engine.snapshots import snapshot_of
from agent_runner.engine.steps import messages_in, shown
from agent_runner.engine.streaming.modes import WATCHED, Modes
from agent_runner.engine.streaming.protocol import Protocol
from agent_runner.engine.streaming.recorder import Recorder
from agent_runner.engine.trace import Trace
from agent_runner.engine.updates import as_json
from contracts.events import (
    CheckpointSaved,
    Event,
    NodeCompleted,
    Question,
    RunCompleted,
    RunInterrupted,
    RunRequested,
    WritesSaved,
)
from contracts.live import NODE_ENDED, NODE_STARTED, WITHIN, NodeEnded, NodeStarted
from contracts.trace import CUSTOM_EVENT, root_of
from eventlog.turns.journal import Journal


@dataclass(slots=True)
class Drive:
    """One way of a graph through its nodes.

    Attributes:
        recorder: takes what is to be streamed, where anything is.
        trace: tells of the run's events, where anybody listens to them.
    """

    assignment: Assignment
    ready: Ready
    journal: Journal
    deltas: Deltas
    effects: Effects
    recorder: Recorder | None = None
    trace: Trace | None = None
    graph: Compiled | None = None
    _values: Any = None
    _checkpoint: str = ""
    _next: Sequence[str] = ()
    _step: NodeCompleted | None = None
    _shown: set[str] = field(default_factory=set)
    _super_step: int = 0
    _node: str = ""

    async def run(self, graph: Compiled, given: Any, config: RunnableConfig, stage: Stage) -> None:
        """Until the graph is done or asks a person."""
        self.graph = graph
        self.effects.stage = stage if self._in_steps else None
        options = options_of(self.assignment.request, graph)
        own = self.ready.context(graph, self.assignment.known)
        if own is not None and isinstance(given_context := options.get("context") or {}, dict):
            options["context"] = {**own, **given_context}
        async for namespace, mode, chunk in self._streaming().parts(graph, given, config, options):
            if mode == "custom":
                self._told(namespace, chunk)
                continue
            if mode == "tasks" and "triggers" in chunk:
                stage.started("|".join(namespace), chunk["id"], chunk["name"])
            if namespace:
                if mode == "tasks":
                    self._within(namespace, chunk, stage)
                continue
            if mode == "checkpoints":
                await self._reached(chunk, stage)
            elif "triggers" in chunk:
                if not stage.has_ended(chunk["id"]):
                    self._node = chunk["name"]
                    started = NodeStarted(node=chunk["name"], step=self._super_step + 1)
                    self.deltas.send(NODE_STARTED, started.model_dump())
            elif chunk.get("error") is None and not chunk["interrupts"]:
                await self._ended(chunk, stage)

    async def questions(self, config: RunnableConfig, *, failed: bool = False) -> tuple[Question, ...]:
        """What the graph waits for a person to answer, once it has stopped; of one that `failed`, still."""
        if self.graph is None or not (self._next or failed):
            return ()
        state = await snapshot_of(self.graph, config)
        if state.interrupts or failed or isinstance(self.assignment.work.event, RunRequested):
            return questions_of(state.interrupts)
        return (breakpoint_of(self._checkpoint, self._next),)

    def rest(self, stage: Stage, *, is_readable: bool = True) -> tuple[Event, ...]:
        """What is held where the graph has stopped, without the newest state if the graph cannot read it; a
        step that waits for its state takes it along."""
        held = stage.leftovers()
        if not is_readable:
            states = [event for event in held if isinstance(event, CheckpointSaved) and not event.namespace]
            newest = states[-1] if states else None
            held = tuple(event for event in held if event is not newest)
        if self._step is None:
            return held
        step, self._step = self._step, None
        carried = {
            "checkpoints": tuple(event for event in held if isinstance(event, CheckpointSaved)),
            "writes": tuple(event for event in held if isinstance(event, WritesSaved)),
        }
        return (*self.effects.take(), step.model_copy(update=carried))

    def end(self, questions: tuple[Question, ...]) -> Event:
        """How the run ended, once the graph has stopped."""
        facts = self.assignment.facts
        if questions:
            return RunInterrupted(**facts, questions=questions)
        presentation = self.ready.presentation
        return self.completed(presentation.reply(self._values))

    def completed(self, reply: str) -> RunCompleted:
        """The end of a run with a reply."""
        facts, work, presentation = self.assignment.facts, self.assignment.work, self.ready.presentation
        if self.trace:
            self.trace.reply(reply, work.id, self.assignment.attempt)
        output_format = getattr(work.event, "output_format", None)
        output = None
        if output_format is not None:
            output = presented(output_format, presentation.account(self._values, reply), work.occurred_at)
        return RunCompleted(
            **facts, text=reply, output=output, output_format=output_format, stopped_at=tuple(self._next)
        )

    def _streaming(self) -> Modes | Protocol:
        request = self.assignment.request
        if self.recorder and request.stream == "protocol":
            work = self.assignment.work
            return Protocol(self.recorder, work.id, work.sequence, self.assignment.attempt)
        watched = WATCHED if self.recorder else (*WATCHED, "custom")
        return Modes(request.stream_modes, self.recorder, subgraphs=request.subgraphs, watched=watched)

    def _within(self, namespace: Sequence[str], chunk: Any, stage: Stage) -> None:
        """A node of a subgraph has started or ended."""
        if not self.deltas.heard:
            return
        path = [part.partition(":")[0] for part in namespace]
        place = {"node": WITHIN.join((*path, chunk["name"])), "step": self._super_step + 1}
        if "triggers" not in chunk:
            update = None if chunk.get("error") else as_json(shown(chunk["result"]))
            self.deltas.send(NODE_ENDED, NodeEnded(**place, update=update).model_dump())
        elif not stage.has_ended(chunk["id"], "|".join(namespace)):
            self.deltas.send(NODE_STARTED, NodeStarted(**place).model_dump())

    def _told(self, namespace: Sequence[str], value: Any) -> None:
        """Something that a node says on the way; a model's tokens are told of by its callbacks."""
        if isinstance(value, dict) and value.keys() == {"token"}:
            return
        node = namespace[0].partition(":")[0] if namespace else self._node
        self.deltas.send(
            CUSTOM_EVENT,
            {
                "run_id": str(root_of(self.assignment.work.id, self.assignment.attempt)),
                "parent_ids": [],
                "tags": [],
                "name": namespace[-1].partition(":")[0] if namespace else node,
                "data": as_json(value),
                "node": node,
                "step": self._super_step + 1,
            },
        )

    @property
    def _in_steps(self) -> bool:
        """Whether states are stored as the graph comes to them, and not only where it stops."""
        return self.assignment.request.durability != "exit"

    async def _reached(self, chunk: Any, stage: Stage) -> None:
        """A super-step has ended: the state it led to goes into the journal with its node; a state that no
        single node led to waits for the next one."""
        self._know(chunk["values"])
        self._values, self._next = chunk["values"], chunk["next"]
        self._super_step = chunk["metadata"]["step"]
        self._checkpoint = chunk["config"]["configurable"]["checkpoint_id"]
        if self._in_steps:
            await stage.reach(self._checkpoint, STAGE_SECONDS)
        if self._step is not None:
            step, self._step = self._step, None
            step = step.model_copy(update={"checkpoints": stage.carry()})
            self.journal.add(*self.effects.take(), step)
        stage.let_go()

    async def _ended(self, chunk: Any, stage: Stage) -> None:
        """A node has ended: alone in its super-step, it waits for the state that this leads to; else it is
        told of at once, with what it wrote."""
        update = shown(chunk["result"])
        step = NodeCompleted(
            **self.assignment.facts,
            node=chunk["name"],
            step=self._super_step + 1,
            update=as_json(update),
            steps=self.ready.presentation.steps(chunk["name"], self._new(update)),
        )
        if not self._in_steps or stage.is_alone(chunk["id"]):
            if self._step is not None:
                self.journal.add(*self.effects.take(), self._step)
            self._step = step
            return
        writes = await stage.writes_of(chunk["id"], STAGE_SECONDS)
        step = step.model_copy(update={"checkpoints": stage.carry(), "writes": writes})
        self.journal.add(*self.effects.take(), step)

    def _know(self, values: Any) -> None:
        """Remember the state's messages, the newest first, back to those that are known."""
        messages = values.get("messages") if isinstance(values, Mapping) else None
        for message in reversed(messages) if isinstance(messages, list) else ():
            identity = getattr(message, "id", None)
            if identity in self._shown:
                break
            if identity is not None:
                self._shown.add(identity)

    def _new(self, update: Any) -> Any:
        """The update without messages that the state held before, or that were shown before."""
        if not isinstance(update, Mapping) or not (messages := messages_in(update)):
            return update
        new = [message for message in messages if message.id is None or message.id not in self._shown]
        self._shown |= {message.id for message in new if message.id is not None}
        return {**update, "messages": new}
