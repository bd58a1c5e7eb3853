"""What reaches agent-runner over NATS: work from the log, requests to cancel, and runs that are not kept."""

import logging
from collections.abc import Mapping

from faststream import AckPolicy
from faststream.nats import JStream, NatsRouter, PullSub
from faststream.nats.annotations import NatsMessage
from nats.js.api import ConsumerConfig

from agent_runner.deliveries import Deliveries
from agent_runner.graphs.catalogue import Graph
from agent_runner.once import run_once
from agent_runner.settings import RunnerSettings
from agent_runner.worker import DEFAULT_GRAPH, Worker
from contracts import subjects
from contracts.events import CancelRequested
from contracts.queries import RUN_ONCE, Failure, RunOnce, RunOnceResult
from eventlog.jetstream import JetStreamLog
from eventlog.stored import from_delivery, from_headers

logger = logging.getLogger(__name__)

SERVICE = "agent-runner"
HELD_AT_MOST = 1024
FETCHED_AT_ONCE = 32
FETCH_SECONDS = 2.0


def router(
    log: JetStreamLog,
    worker: Worker,
    deliveries: Deliveries,
    graphs: Mapping[str, Graph],
    settings: RunnerSettings,
) -> NatsRouter:
    """The subscribers, wired to what they need."""
    routes = NatsRouter()

    @routes.subscriber(
        subjects.work_for(SERVICE),
        stream=JStream(subjects.LOG_STREAM, declare=False),
        durable=SERVICE,
        pull_sub=PullSub(batch_size=FETCHED_AT_ONCE, timeout=FETCH_SECONDS),
        config=ConsumerConfig(ack_wait=settings.takeover_after, max_deliver=-1, max_ack_pending=HELD_AT_MOST),
        ack_policy=AckPolicy.MANUAL,
        title="Work",
    )
    async def answer(message: NatsMessage) -> None:
        """A message or an answer to be answered."""
        raw = message.raw_message
        work = await log.decode(from_delivery(raw))
        deliveries.take(raw, work)

    @routes.subscriber(subjects.recorded_everywhere(CancelRequested.type), title="Cancel")
    async def cancel(message: NatsMessage) -> None:
        """A person asked for a run to stop, here or elsewhere."""
        request = (await log.decode(from_headers(message.raw_message))).event
        if isinstance(request, CancelRequested):
            worker.cancel(request.run_id, rollback=request.rollback)

    @routes.subscriber(
        subjects.query(RUN_ONCE), queue=SERVICE, max_workers=settings.concurrent_runs, title="RunOnce"
    )
    async def once(question: RunOnce) -> RunOnceResult | Failure:
        """Run a graph on a task and keep nothing."""
        name = question.graph or DEFAULT_GRAPH
        if name not in graphs:
            return Failure(failure="invalid", message=f"there is no graph {name!r}")
        return RunOnceResult(steps=await run_once(name, graphs[name], question.task, settings.run_timeout))

    return routes
