"""The LangGraph Agent Server API over HTTP: a router for each kind of thing, `agents` behind all of them.

Begin at `agents` (what is known of graphs and threads), then `requests` (how a run is asked for) and
`showing` (how it is streamed); the other modules are the calls.
"""

from dataclasses import dataclass

from fastapi import APIRouter

from edge_rest.langgraph import (
    assistants,
    events,
    meta,
    own_assistants,
    runs,
    stateless,
    states,
    store,
    threads,
)
from edge_rest.langgraph.agents import Agents
from edge_rest.langgraph.alarm import Alarm
from edge_rest.langgraph.errands import Errandry
from edge_rest.langgraph.requests import Requests
from edge_rest.langgraph.showing import Showing
from edge_rest.langgraph.webhooks import Webhooks
from edge_rest.questions import Questions
from edge_rest.settings import EdgeSettings
from eventlog.live import Live
from eventlog.ports import Log
from eventlog.turns.inbox import Inbox


@dataclass(frozen=True, slots=True)
class Runner:
    """What every translation into runs stands on."""

    agents: Agents
    requests: Requests
    showing: Showing
    errandry: Errandry

    @classmethod
    def of(
        cls,
        log: Log,
        live: Live,
        inbox: Inbox,
        questions: Questions,
        settings: EdgeSettings,
    ) -> "Runner":
        """Wired to what it needs."""
        agents = Agents(log, inbox, questions)
        webhooks, alarm = Webhooks(settings), Alarm()
        return cls(
            agents,
            Requests(agents, webhooks, alarm),
            Showing(agents, live, settings),
            Errandry(agents, webhooks, alarm),
        )


def routers(runner: Runner) -> list[APIRouter]:
    """A router for each kind of thing."""
    agents, requests, showing = runner.agents, runner.requests, runner.showing
    return [
        meta.router(agents),
        assistants.router(assistants.Assistants(agents)),
        own_assistants.router(own_assistants.OwnAssistants(agents)),
        threads.router(threads.Threads(agents)),
        states.router(states.States(agents)),
        store.router(store.Store(agents)),
        stateless.router(stateless.Stateless(agents, requests, showing)),
        runs.router(runs.Runs(agents, requests, showing)),
        events.router(agents, requests, showing),
    ]
