"""The whole of edge-rest in one table: the routers of the protocols, a module each."""

from fastapi import APIRouter

from edge_rest import agent, console, conversations, langgraph, octo, quote, room, sessions, voice
from edge_rest.questions import Questions
from edge_rest.settings import EdgeSettings
from edge_rest.talks import Talks
from eventlog.broker import Broker
from eventlog.live import Live
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox
from identity.verifier import Verifier


def routers(
    broker: Broker, name: str, log: Log, live: Live, inbox: Inbox, verifier: Verifier, settings: EdgeSettings
) -> list[APIRouter]:
    """The routers, in the order in which their routes are tried."""
    questions = Questions(broker, settings.query_timeout)
    return [
        agent.router(broker, log, settings),
        octo.router(octo.Talk(log, inbox, questions, settings)),
        sessions.router(sessions.Sessions(log, questions)),
        room.router(log),
        quote.router(broker, Talks(log, live, inbox), settings),
        voice.router(inbox, verifier),
        *langgraph.routers(log, live, inbox, questions, settings),
        conversations.router(log, live, inbox, questions, settings),
        console.router(broker, name, log, questions),
    ]
