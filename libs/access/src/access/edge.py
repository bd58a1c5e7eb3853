"""Puts the guard in front of an edge's application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette

from access.guard import Connections, Guard
from access.ownership import GuardedLog
from access.settings import AccessSettings
from access.visitor import Members
from contracts.events import ConversationStarted, VoiceSessionClaimed
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.metrics import EdgeMetrics


@asynccontextmanager
async def guarded(
    app: Starlette, settings: AccessSettings, broker: Broker, log: JetStreamLog
) -> AsyncIterator[GuardedLog]:
    """The log as the endpoints of `app` may use it; to be entered before `app` serves."""
    members = Members(settings)
    shown = GuardedLog(log)
    connections = Connections()
    app.add_middleware(
        Guard,
        settings=settings,
        members=members,
        check=shown.check,
        connections=connections,
        metrics=EdgeMetrics(broker.metrics.registry),
    )
    for event in (ConversationStarted, VoiceSessionClaimed):
        await log.hear(event.type, connections.claimed)
    try:
        yield shown
    finally:
        await members.close()
