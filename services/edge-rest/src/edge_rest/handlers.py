"""The whole of edge-rest in one table: the routers of the protocols, a module each."""

from fastapi import APIRouter

from edge_rest import (
    agent,
    conversations,
    dead_letters,
    langgraph,
    octo,
    openai,
    quote,
    room,
    sessions,
    system,
    voice,
)
from edge_rest.hour import Hour
from edge_rest.settings import EdgeSettings
from edge_rest.talks import Talks
from eventlog.broker import Broker
from eventlog.live import Live
from eventlog.ports import Log
from eventlog.turns.dead_letters import DeadLetterQueue
from identity import Verifier


def routers(
    broker: Broker,
    name: str,
    log: Log,
    live: Live,
    runner: langgraph.Runner,
    verifier: Verifier,
    settings: EdgeSettings,
    hour: Hour,
    letters: DeadLetterQueue,
) -> list[APIRouter]:
    """The routers, in the order in which their routes are tried."""
    inbox, questions = runner.agents.inbox, runner.agents.questions
    return [
        agent.router(broker, log, settings),
        octo.router(octo.Talk(log, inbox, questions, settings)),
        sessions.router(sessions.Sessions(log, questions)),
        room.router(log),
        quote.router(broker, Talks(log, live, inbox), settings),
        voice.router(inbox, verifier, questions, settings.voice_graph),
        *langgraph.routers(runner),
        openai.router(openai.Completions(runner.agents, runner.requests, runner.showing)),
        conversations.router(log, live, inbox, questions, settings),
        system.router(broker, name, log, questions, hour),
        dead_letters.router(letters),
    ]
