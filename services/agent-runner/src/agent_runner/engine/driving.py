"""A graph driven from its input to where it stops; what its nodes do goes into the journal as it happens."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from langchain_core.runnables import RunnableConfig

from agent_runner.engine.assignment import Assignment
from agent_runner.engine.catalogue import Compiled, Served
from agent_runner.engine.checkpointer import Stage
from agent_runner.engine.deltas import Deltas
from agent_runner.engine.effects import Effects
from agent_runner.engine.interrupts import Asked, question_of
from agent_runner.engine.options import options_of
from agent_runner.engine.outputs import presented
from agent_runner.engine.streaming.modes import Modes
from agent_runner.engine.streaming.protocol import Protocol
from agent_runner.engine.streaming.recorder import Recorder
from agent_runner.engine.updates import as_json
from contracts.events import CheckpointSaved, Event, NodeCompleted, RunCompleted, RunInterrupted
from contracts.live import NODE_STARTED, NodeStarted
from eventlog.turns.journal import Journal

STAGE_SECONDS: Final = 30.0
"""How long the checkpointer may take to hand over a checkpoint that the graph has announced."""


@dataclass(slots=True)
class Drive:
    """One way of a graph through its nodes.

    Attributes:
        recorder: takes what is to be streamed, where anything is.
        reached: the checkpoints that no event carries yet.
    """

    assignment: Assignment
    served: Served[Compiled]
    journal: Journal
    deltas: Deltas
    effects: Effects
    recorder: Recorder | None = None
    reached: list[CheckpointSaved] = field(default_factory=list)
    _values: Any = None
    _next: tuple[str, ...] = ()
    _asked: Asked | None = None

    async def run(self, given: Any, config: RunnableConfig, stage: Stage) -> None:
        """Until the graph is done or asks a person."""
        steps: list[NodeCompleted] = []
        super_step = 0
        request = self.assignment.request
        in_steps = request.durability != "exit"
        parts = self._streaming().parts(
            self.served.graph, given, config, options_of(request, self.served.graph)
        )
        async for mode, chunk in parts:
            if mode == "checkpoints":
                self._values = chunk["values"]
                super_step = chunk["metadata"]["step"]
                identity = chunk["config"]["configurable"]["checkpoint_id"]
                self._next = tuple(chunk["next"])
                if in_steps:
                    self.reached += await stage.take(identity, STAGE_SECONDS)
                self._complete(super_step, steps)
                steps.clear()
            elif "triggers" in chunk:
                started = NodeStarted(node=chunk["name"], step=super_step + 1)
                self.deltas.send(NODE_STARTED, started.model_dump())
            elif chunk["interrupts"]:
                self._asked = question_of(chunk["interrupts"][0])
            elif chunk.get("error") is None:
                steps.append(self._completed(chunk["name"], chunk["result"]))

    def end(self) -> Event:
        """How the run ended, once the graph has stopped."""
        facts = self.assignment.facts
        if asked := self._asked:
            return RunInterrupted(
                **facts,
                interrupt_id=asked.interrupt_id,
                question=asked.question,
                context=asked.context,
            )
        work, presentation = self.assignment.work, self.served.presentation
        reply = presentation.reply(self._values)
        output_format = getattr(work.event, "output_format", None)
        output = None
        if output_format is not None:
            output = presented(output_format, presentation.account(self._values, reply), work.occurred_at)
        return RunCompleted(
            **facts, text=reply, output=output, output_format=output_format, stopped_at=self._next
        )

    def _streaming(self) -> Modes | Protocol:
        request = self.assignment.request
        if self.recorder and request.stream == "protocol":
            return Protocol(self.recorder, self.assignment.work.sequence, self.assignment.attempt)
        return Modes(request.stream_modes, self.recorder, subgraphs=request.subgraphs)

    def _complete(self, super_step: int, steps: Sequence[NodeCompleted]) -> None:
        """Put a super-step into the journal, the state it led to with its last node; a state that no node
        led to waits for the next one."""
        if not steps:
            return
        *others, last = (step.model_copy(update={"step": super_step}) for step in steps)
        last = last.model_copy(update={"checkpoints": tuple(self.reached)})
        self.reached.clear()
        self.journal.add(*self.effects.take(), *others, last)

    def _completed(self, node: str, update: Any) -> NodeCompleted:
        return NodeCompleted(
            **self.assignment.facts,
            node=node,
            step=0,
            update=as_json(update),
            steps=self.served.presentation.steps(node, update),
        )
