"""Puts the guard in front of an edge's application."""

from starlette.applications import Starlette

from access.connections import Connections
from access.guard import Guard
from access.ownership import GuardedLog
from access.settings import AccessSettings
from access.visitor import Members
from chassis.metrics import EdgeMetrics
from contracts.events import ConversationStarted, VoiceSessionClaimed
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from identity import Verifier


async def guarded(
    app: Starlette, settings: AccessSettings, verifier: Verifier, broker: Broker, log: JetStreamLog
) -> GuardedLog:
    """The log as the endpoints of `app` may use it; to be called before `app` serves."""
    shown = GuardedLog(log)
    connections = Connections()
    app.add_middleware(
        Guard,
        settings=settings,
        members=Members(verifier),
        check=shown.check,
        connections=connections,
        metrics=EdgeMetrics(broker.metrics.registry),
    )
    for event in (ConversationStarted, VoiceSessionClaimed):
        await log.hear(event.type, connections.claimed)
    return shown
