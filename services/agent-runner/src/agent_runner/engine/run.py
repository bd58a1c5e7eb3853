"""One attempt at a run: the graph is driven, and what it does goes into the journal as it happens."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command
from opentelemetry.trace import get_current_span

from agent_runner.engine.catalogue import Compiled, Served
from agent_runner.engine.checkpointer import LogCheckpointSaver, Stage
from agent_runner.engine.deltas import Deltas
from agent_runner.engine.effects import EFFECTS, Effects
from agent_runner.engine.interrupts import Asked, question_of
from agent_runner.engine.outputs import presented
from agent_runner.engine.spans import Spans
from agent_runner.engine.spoken import corrections
from agent_runner.engine.trace import Trace
from agent_runner.engine.updates import as_json
from chassis import conventions as names
from chassis.telemetry import TRACING, Attributes, fail
from contracts.envelope import Recorded
from contracts.events import (
    AnswerReceived,
    CancelRequested,
    CheckpointSaved,
    CheckpointsRemoved,
    Event,
    MessageReceived,
    NodeCompleted,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunInterrupted,
    RunStarted,
)
from contracts.live import NODE_STARTED, NodeStarted
from contracts.trace import root_of
from eventlog.ports import Log, LogError
from eventlog.turns.journal import Cancelled, Journal, Superseded

logger = logging.getLogger(__name__)

STAGE_SECONDS: Final = 30.0
"""How long the checkpointer may take to hand over a checkpoint that the graph has announced."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is to be done.

    Attributes:
        work: the message or answer.
        begins: where the conversation begins in the log.
        attempt: the number of this attempt.
        question: what the work answers, if a question was asked before it.
        spoken_since: where the message before it is in the log, if the conversation is spoken.
    """

    work: Recorded
    graph_name: str
    begins: int
    attempt: int
    question: RunInterrupted | None
    spoken_since: int | None = None


@dataclass(slots=True)
class Outcome:
    """How far the graph has come."""

    values: Any = None
    asked: Asked | None = None


class Run:
    """Drives one graph for one assignment."""

    def __init__(
        self,
        assignment: Assignment,
        served: Served[Compiled],
        saver: LogCheckpointSaver,
        log: Log,
        journal: Journal,
        deltas: Deltas,
        *,
        timeout_seconds: float,
    ) -> None:
        self._assignment = assignment
        self._work = assignment.work
        self._graph = served.graph
        self._presentation = served.presentation
        self._saver = saver
        self._log = log
        self._journal = journal
        self._deltas = deltas
        self._timeout = timeout_seconds
        self._cancel: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._callbacks: list[BaseCallbackHandler] = [Trace(deltas)] if deltas.heard else []
        self._facts: dict[str, Any] = {
            "run_id": self._work.id,
            "message_sequence": self._work.sequence,
            "attempt": assignment.attempt,
        }
        self._effects = Effects(log, journal, self._work, assignment.begins, self._facts)
        self._reached: list[CheckpointSaved] = []
        """The checkpoints that no event carries yet."""

    async def execute(self) -> None:
        """Answer the message.

        Raises:
            Superseded: if another runner has the run now; nothing more was written.
            LogError: if the log cannot be reached; the run is to be tried again.
        """
        graph_name = self._assignment.graph_name
        attributes: Attributes = {
            names.GEN_AI_OPERATION: names.INVOKE_AGENT,
            names.GEN_AI_AGENT: graph_name,
            names.GEN_AI_CONVERSATION: self._work.conversation,
            names.ATTEMPT: self._assignment.attempt,
        }
        with TRACING.span(f"{names.INVOKE_AGENT} {graph_name}", attributes=attributes) as span:
            if TRACING.on:
                self._callbacks.append(Spans(self._work.conversation, span))
            await self._execute()

    async def _execute(self) -> None:
        self._journal.add(RunStarted(**self._facts, graph=self._assignment.graph_name))
        try:
            await self._attempt()
        except (Superseded, LogError):
            raise
        except Cancelled as cancelled:
            await self._finish(*await self._cancelled(rollback=cancelled.rollback))
        except Exception as error:
            logger.warning("run %s failed", self._work.id, exc_info=error)
            fail(get_current_span(), error)
            failed = RunFailed(**self._facts, error=_describe(error), code=type(error).__name__)
            await self._finish(*self._reached, failed)

    def cancel(self, *, rollback: bool) -> None:
        """Stop at the next possible moment."""
        if not self._cancel.done():
            self._cancel.set_result(rollback)

    async def _attempt(self) -> None:
        try:
            async with asyncio.timeout(self._timeout), asyncio.TaskGroup() as group:
                background = [
                    group.create_task(self._journal.commit_as_added()),
                    group.create_task(self._deltas.publish_as_sent()),
                    group.create_task(self._watch_cancel()),
                ]
                await self._drive_to_end()
                for task in background:
                    task.cancel()
        except BaseExceptionGroup as group_error:
            raise _decisive(group_error) from None

    async def _watch_cancel(self) -> None:
        raise Cancelled(rollback=await self._cancel)

    async def _drive_to_end(self) -> None:
        if self._assignment.attempt > 1:
            await self._journal.flush()  # from here on whoever had the run before can append nothing
        if self._journal.tail > self._work.sequence:
            await self._check_cancelled()
        EFFECTS.set(self._effects)
        with self._saver.staging(self._work.conversation, tail=self._journal.tail) as stage:
            outcome = await self._drive(stage)
            await self._finish(*self._reached, *stage.leftovers(), self._end(outcome))

    async def _finish(self, *events: Event) -> None:
        """Commit the run's last events; the very last one tells how many deltas there were."""
        *others, end = events
        self._journal.add(
            *self._effects.take(), *others, end.model_copy(update={"deltas": self._deltas.count})
        )
        await self._journal.flush()
        await self._deltas.flush()

    async def _drive(self, stage: Stage) -> Outcome:
        config: RunnableConfig = {
            "configurable": {"thread_id": self._work.conversation},
            "metadata": {"run_id": self._work.id},
            "run_id": root_of(self._work.id, self._assignment.attempt),
            "callbacks": self._callbacks,
        }
        outcome = Outcome()
        steps: list[NodeCompleted] = []
        super_step = 0
        stream: AsyncIterator[Any] = self._graph.astream(
            await self._input(config), config, stream_mode=["tasks", "checkpoints"], durability="async"
        )
        async for mode, chunk in stream:
            if mode == "checkpoints":
                outcome.values = chunk["values"]
                super_step = chunk["metadata"]["step"]
                identity = chunk["config"]["configurable"]["checkpoint_id"]
                self._reached += await stage.take(identity, STAGE_SECONDS)
                self._complete(super_step, steps)
                steps.clear()
            elif "triggers" in chunk:
                started = NodeStarted(node=chunk["name"], step=super_step + 1)
                self._deltas.send(NODE_STARTED, started.model_dump())
            elif chunk["interrupts"]:
                outcome.asked = question_of(chunk["interrupts"][0])
            elif chunk.get("error") is None:
                steps.append(self._completed(chunk["name"], chunk["result"]))
        return outcome

    def _complete(self, super_step: int, steps: Sequence[NodeCompleted]) -> None:
        """Put a super-step into the journal, the state it led to with its last node; a state that no node
        led to waits for the next one."""
        if not steps:
            return
        *others, last = (step.model_copy(update={"step": super_step}) for step in steps)
        last = last.model_copy(update={"checkpoints": tuple(self._reached)})
        self._reached.clear()
        self._journal.add(*self._effects.take(), *others, last)

    async def _input(self, config: RunnableConfig) -> Any:
        """What to give the graph: the message, the answer, or nothing where the run has begun before."""
        begun = await self._saver.aget_tuple(config)
        if begun is not None and begun.metadata.get("run_id") == self._work.id:
            return None
        event, question = self._work.event, self._assignment.question
        if isinstance(event, AnswerReceived):
            if question is None or question.interrupt_id != event.interrupt_id:
                raise ValueError("the question was withdrawn before the answer came")
            answer = {"approve": event.approve} if event.response is None else {"response": event.response}
            return Command(resume={question.interrupt_id: answer})
        if not isinstance(event, MessageReceived):
            raise TypeError(f"cannot answer {event.type}")
        if question is not None:
            return Command(resume={question.interrupt_id: {"response": event.text}})
        heard = await self._heard(begun.checkpoint["channel_values"] if begun else {})
        return {"messages": [*heard, HumanMessage(event.text, id=self._work.id)]}

    async def _heard(self, values: Mapping[str, Any]) -> list[BaseMessage]:
        """What makes the state's messages those that were said and heard; only speech can differ."""
        since = self._assignment.spoken_since
        if since is None:
            return []
        facts = self._log.read(
            self._work.conversation, after=since, until=self._work.sequence, pattern="voice.>"
        )
        messages = values.get("messages")
        return corrections(messages if isinstance(messages, list) else [], [fact async for fact in facts])

    def _completed(self, node: str, update: Any) -> NodeCompleted:
        return NodeCompleted(
            **self._facts,
            node=node,
            step=0,
            update=as_json(update),
            steps=self._presentation.steps(node, update),
        )

    def _end(self, outcome: Outcome) -> Event:
        if asked := outcome.asked:
            return RunInterrupted(
                **self._facts,
                interrupt_id=asked.interrupt_id,
                question=asked.question,
                context=asked.context,
            )
        reply = self._presentation.reply(outcome.values)
        output_format = getattr(self._work.event, "output_format", None)
        output = None
        if output_format is not None:
            account = self._presentation.account(outcome.values, reply)
            output = presented(output_format, account, self._work.occurred_at)
        return RunCompleted(**self._facts, text=reply, output=output, output_format=output_format)

    async def _check_cancelled(self) -> None:
        async for event in self._log.read(
            self._work.conversation, after=self._work.sequence, pattern=CancelRequested.type
        ):
            if isinstance(event.event, CancelRequested) and event.event.run_id == self._work.id:
                raise Cancelled(rollback=event.event.rollback)

    async def _cancelled(self, *, rollback: bool) -> list[Event]:
        end = RunCancelled(**self._facts, rolled_back=rollback)
        if rollback:
            return [CheckpointsRemoved(scope="runs", run_ids=await self._turn()), end]
        return [*self._reached, end]

    async def _turn(self) -> tuple[str, ...]:
        """The runs of this turn: this one, and those before it that asked what it answers."""
        said = self._log.read(self._work.conversation, after=self._assignment.begins, pattern="message.>")
        turn = self._work.correlation_id
        return tuple([work.id async for work in said if work.correlation_id == turn])


def _describe(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the run took too long"
    return str(error) or type(error).__name__


def _decisive(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception that decides what becomes of the run."""
    leaves = [_decisive(e) if isinstance(e, BaseExceptionGroup) else e for e in group.exceptions]
    ranked = (Superseded, Cancelled, LogError)
    return next((leaf for kind in ranked for leaf in leaves if isinstance(leaf, kind)), leaves[0])
