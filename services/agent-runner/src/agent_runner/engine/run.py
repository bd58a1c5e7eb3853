"""One attempt at a run: the graph is driven, and what it does goes into the journal as it happens."""

import asyncio
import logging
from functools import partial
from typing import Final

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableConfig
from opentelemetry.trace import get_current_span

from agent_runner.engine.answers import NotTaken
from agent_runner.engine.assignment import Assignment
from agent_runner.engine.cancelling import check_cancelled, turn_of
from agent_runner.engine.catalogue import Compiled, Ready
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.deltas import Deltas
from agent_runner.engine.driving import Drive
from agent_runner.engine.effects import EFFECTS, Effects
from agent_runner.engine.exits import ordinary
from agent_runner.engine.failures import log_failure
from agent_runner.engine.faults import UNTOLD, language_of, told
from agent_runner.engine.input import NOTHING, Declined, Withdrawn, input_of
from agent_runner.engine.model_calls import ModelCalls
from agent_runner.engine.options import branched, with_options
from agent_runner.engine.oversize import oversize
from agent_runner.engine.spans import Spans
from agent_runner.engine.steps import messages_in, unanswered_calls
from agent_runner.engine.streaming.recorder import Recorder
from agent_runner.engine.streaming.shown import Shown
from agent_runner.engine.trace import Trace
from chassis import conventions as names
from chassis.telemetry import TRACING, Attributes, fail, pseudonym
from contracts.events import (
    CheckpointsRemoved,
    ConversationDeleted,
    Event,
    Question,
    RunCancelled,
    RunFailed,
    RunMetered,
    RunRequested,
    RunStarted,
)
from contracts.trace import root_of
from eventlog.ports import Log, LogError, TooLarge
from eventlog.turns.journal import Cancelled, Journal, Superseded

logger = logging.getLogger(__name__)

TURNS_TO_SEND: Final = 3
"""Of the event loop, from the first look at the journal until the client of NATS has written."""


class Run:
    """Drives one graph for one assignment."""

    def __init__(
        self,
        assignment: Assignment,
        ready: Ready,
        saver: LogCheckpointSaver,
        log: Log,
        journal: Journal,
        deltas: Deltas,
        shown: Shown,
        *,
        timeout_seconds: float,
        announced: bool,
        show_errors: bool = False,
    ) -> None:
        """`shown`: what the conversation has streamed before.

        `announced`: the log is to know of the attempt before the graph does anything, which may be what ended
        whoever had the message before."""
        self._assignment = assignment
        self._work = assignment.work
        self._saver = saver
        self._log = log
        self._journal = journal
        self._deltas = deltas
        self._ready = ready
        self._timeout = ready.settings.timeout or timeout_seconds
        self._announced = announced or assignment.attempt > 1
        self._news = asyncio.Event()
        self._facts = assignment.facts
        said = getattr(self._work.event, "text", None) or getattr(self._work.event, "response", "")
        shown_id = None if show_errors else self._error_id
        self._say = partial(told, language=language_of(str(said)), error_id=shown_id)
        self._hides = not show_errors
        self._request = assignment.request
        streamed = bool(self._request.stream_modes)
        self._recorder = Recorder(journal, deltas, self._facts, shown) if streamed else None
        trace = Trace(deltas) if deltas.heard and not streamed else None
        self._calls = ModelCalls()
        self._callbacks: list[BaseCallbackHandler] = [self._calls, *([trace] if trace else [])]
        keeps = ready.settings.durable_calls
        self._effects = Effects(log, journal, self._work, assignment.begins, self._facts, keeps_calls=keeps)
        self._drive = Drive(assignment, ready, journal, deltas, self._effects, self._recorder, trace)
        self._config = self._configured()

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
            names.GEN_AI_CONVERSATION: pseudonym(self._work.conversation),
            names.ATTEMPT: self._assignment.attempt,
        }
        with TRACING.span(f"{names.INVOKE_AGENT} {graph_name}", attributes=attributes) as span:
            if TRACING.on:
                self._callbacks.append(Spans(self._work.conversation, span))
            with self._saver.staging(self._work.conversation, emit=self._journal.add) as self._stage:
                await self._execute()

    async def _execute(self) -> None:
        self._journal.add(RunStarted(**self._facts, graph=self._assignment.graph_name))
        try:
            try:
                await self._attempt()
            except TooLarge as error:
                await self._refused(error)
            except (Superseded, Cancelled, LogError):
                raise
            except Exception as error:  # noqa: BLE001 - whatever a graph raises is logged and ends its run
                work = self._work
                log_failure(f"conversation {work.conversation}: run {work.id}", self._error_id, error)
                fail(get_current_span(), error)
                questions = await self._still_open(error)
                await self._finish(
                    *self._drive.rest(self._stage, is_readable=questions is not None),
                    RunFailed(
                        **self._facts,
                        error=self._say(error),
                        code=type(error).__name__,
                        questions=questions or (),
                    ),
                )
        except Cancelled as cancelled:
            self._journal.cancelled = True
            await self._finish(*await self._cancelled(rollback=cancelled.rollback))

    async def _refused(self, error: TooLarge) -> None:
        """End a run of which something does not fit into the log, nor will when it is tried again."""
        text = oversize(self._journal.refused) if self._journal.refused else str(error)
        work = self._work
        logger.warning("conversation %s: run %s failed: %s (%s)", work.conversation, work.id, text, error)
        self._journal.resume()
        self._effects.take()
        if self._recorder:
            self._recorder.take()
        await self._finish(RunFailed(**self._facts, error=text, code=type(error).__name__))

    @property
    def _error_id(self) -> str:
        """By which the operator's log has what a client is not told."""
        return f"{self._work.id[:8]}.{self._assignment.attempt}"

    def look(self) -> None:
        """Others have appended what may concern this run: a cancellation, a deletion."""
        self._news.set()

    async def _attempt(self) -> None:
        try:
            async with asyncio.timeout(self._timeout), asyncio.TaskGroup() as group:
                background = [
                    group.create_task(self._journal.commit_as_added()),
                    group.create_task(self._deltas.publish_as_sent()),
                    group.create_task(self._look_at_news()),
                    group.create_task(self._stage.failing()),
                    *([group.create_task(self._stage.show())] if self._recorder else []),
                ]
                # `run.started` is on its way to the log before the graph takes the loop for itself: no token
                # leaves without it.
                for _ in range(TURNS_TO_SEND):
                    await asyncio.sleep(0)
                await self._drive_to_end()
                for task in background:
                    task.cancel()
        except BaseExceptionGroup as group_error:
            raise ordinary(_decisive(group_error)) from None
        except asyncio.CancelledError as error:
            own = asyncio.current_task()
            if own and own.cancelling():
                raise
            raise ordinary(error) from error  # a node raised it for reasons of its own

    async def _look_at_news(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            await self._journal.look()

    async def _drive_to_end(self) -> None:
        if self._announced:
            await self._journal.flush()  # from here on whoever had the run before can append nothing
        if self._journal.tail > self._work.sequence:
            await check_cancelled(self._log, self._work)
        if self._assignment.attempt > 1:
            await self._effects.load()
        if self._recorder:
            await self._recorder.begin(self._log, self._work.conversation, self._assignment.begins)
        EFFECTS.set(self._effects)
        UNTOLD.set(self._say if self._hides else None)
        self._stage.tail = self._journal.tail
        async with self._ready.opened(self._config) as graph:
            self._config.setdefault("recursion_limit", self._ready.recursion_limit(graph))
            given = await input_of(
                self._assignment, self._config, self._saver, self._log, lambda: self._ready.intake(graph)
            )
            if isinstance(given, Declined):
                await self._decline(graph, given)
                return
            if given is not NOTHING:
                begun = given is None and self._assignment.attempt > 1
                place = self._config if begun else await self._beginning()
                await self._drive.run(graph, given, place, self._stage)
            end = self._drive.end(await self._drive.questions(self._config))
            await self._finish(*self._drive.rest(self._stage), end)

    async def _beginning(self) -> RunnableConfig:
        """Where the run begins; within a subgraph, with the checkpoints of the graphs around it."""
        place = branched(self._config, self._request)
        configurable = place["configurable"]
        if namespace := configurable.get("checkpoint_ns"):
            found = await self._saver.aget_tuple(place)
            parents = found.metadata.get("parents", {}) if found else {}
            configurable["checkpoint_map"] = {**parents, namespace: configurable["checkpoint_id"]}
        return place

    async def _decline(self, graph: Compiled, declined: Declined) -> None:
        """End the turn where the graph stopped; tool calls that were to come are answered by the refusal."""
        state = await graph.aget_state(self._config)
        calls = unanswered_calls(messages_in(state.values))
        if calls and state.next:
            refused = [
                ToolMessage(declined.reply, tool_call_id=str(call["id"]), name=call["name"], status="error")
                for call in calls
            ]
            await graph.aupdate_state(self._config, {"messages": refused}, as_node=state.next[0])
        await self._finish(*self._drive.rest(self._stage), self._drive.completed(declined.reply))

    async def _finish(self, *events: Event) -> None:
        """Commit the run's last events; the very last one tells how many deltas there were."""
        *others, end = events
        shown = self._recorder.take() if self._recorder else ()
        gone = (ConversationDeleted(),) if self._request.ephemeral and self._request.webhook is None else ()
        usage = self._calls.usage
        metered = (RunMetered(**self._facts, usage=usage),) if usage else ()
        end = end.model_copy(update={"deltas": self._deltas.count})
        await self._journal.end(*self._effects.take(), *shown, *others, *metered, *gone, end)
        await self._deltas.flush()

    def _configured(self) -> RunnableConfig:
        settings, known = self._ready.settings.configurable, self._assignment.known
        config: RunnableConfig = {
            "configurable": {**settings, **known},
            "metadata": {"run_id": self._work.id},
            "run_id": root_of(self._work.id, self._assignment.attempt),
            "callbacks": self._callbacks,
        }
        if not isinstance(self._work.event, RunRequested):
            return config
        config["configurable"] = {**settings, "thread_id": self._work.conversation}
        return with_options(config, self._request, self._assignment.graph_name, self._assignment.attempt)

    async def _still_open(self, error: Exception) -> tuple[Question, ...] | None:
        """The questions that wait for a person although the run has failed; None where the graph cannot read
        the state that it has come to. Such a state is not kept: nothing could follow it."""
        if isinstance(error, NotTaken):
            return () if isinstance(error, Withdrawn) else self._assignment.questions
        try:
            async with asyncio.timeout(self._timeout):
                return await self._drive.questions(self._config, failed=True)
        except LogError:
            raise
        except (TypeError, ValueError):  # of the state's schema
            return None
        except Exception:
            logger.exception("run %s: what the graph waits for cannot be told", self._work.id)
            return ()

    async def _cancelled(self, *, rollback: bool) -> list[Event]:
        end = RunCancelled(**self._facts, rolled_back=rollback)
        if rollback:
            return [CheckpointsRemoved(scope="runs", run_ids=await turn_of(self._log, self._assignment)), end]
        return [*self._drive.rest(self._stage), end]


def _decisive(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The exception that decides what becomes of the run."""
    leaves = [_decisive(e) if isinstance(e, BaseExceptionGroup) else e for e in group.exceptions]
    ranked = (Superseded, Cancelled, LogError)
    return next((leaf for kind in ranked for leaf in leaves if isinstance(leaf, kind)), leaves[0])
