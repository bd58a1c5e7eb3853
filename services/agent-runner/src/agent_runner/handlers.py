"""What reaches agent-runner over NATS beside its work: news of what runs here, and runs that are not kept."""

import asyncio
from collections.abc import Mapping

from faststream.nats import NatsRouter
from faststream.nats.annotations import NatsMessage

from agent_runner.agents.models.spoken import spoken_commands
from agent_runner.agents.tools.contacts import Contacts
from agent_runner.engine.catalogue import Served
from agent_runner.engine.ephemeral import run_once
from agent_runner.engine.failures import failure
from agent_runner.engine.fitting import Unfit
from agent_runner.engine.worker import Worker
from agent_runner.settings import RunnerSettings
from contracts import subjects
from contracts.events import CancelRequested, ConversationDeleted
from contracts.queries import (
    RUN_ONCE,
    SPOKEN_COMMANDS,
    Failure,
    RunOnce,
    RunOnceResult,
    SpokenCommands,
    SpokenCommandsQuery,
)

SERVICE = "agent-runner"


def router(
    worker: Worker,
    graphs: Mapping[str, Served],
    settings: RunnerSettings,
    contacts: Contacts,
) -> NatsRouter:
    """The subscribers, wired to what they need."""
    routes = NatsRouter()

    @routes.subscriber(subjects.recorded_everywhere(CancelRequested.type), title="Cancel")
    @routes.subscriber(subjects.recorded_everywhere(ConversationDeleted.type), title="Delete")
    async def look(message: NatsMessage) -> None:
        """A person asked for a run to stop or deleted its conversation, here or elsewhere."""
        worker.look(subjects.key_of(message.raw_message.subject))

    @routes.subscriber(
        subjects.query(RUN_ONCE), queue=SERVICE, max_workers=settings.concurrent_runs, title="RunOnce"
    )
    async def once(question: RunOnce) -> RunOnceResult | Failure:
        """Run a graph on a task and keep nothing."""
        name = question.graph or settings.default_graph
        if name not in graphs:
            return Failure(failure="invalid", message=f"there is no graph {name!r}")
        try:
            return RunOnceResult(steps=await run_once(graphs[name], question.task, settings.run_timeout))
        except Unfit as error:
            return Failure(failure="invalid", message=str(error))
        except Exception as error:  # noqa: BLE001 - whatever a graph raises ends its run only
            return failure(error, "a run that is not kept", shows=settings.show_errors, said=question.task)

    @routes.subscriber(subjects.query(SPOKEN_COMMANDS), queue=SERVICE, title="SpokenCommands")
    async def commands(_: SpokenCommandsQuery) -> SpokenCommands:
        """What can be said to the agent."""
        return spoken_commands(await asyncio.to_thread(contacts.names))

    return routes
