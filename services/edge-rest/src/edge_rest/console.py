"""The console: a page at ``/ui`` from files that come with the service, and what it asks of the system."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from contracts import queries
from edge_rest.questions import Questions
from eventlog import service
from eventlog.broker import Broker
from eventlog.ports import Log

PAGE: Final = "/ui/"
FILES: Final = Path(__file__).with_name("static") / "console"
SERVICES: Final = ("edge-ws", "edge-rest", "agent-runner", "quote-engine", "voice-bridge", "history-store")


class ServiceState(BaseModel):
    """Whether a service answers."""

    name: str
    ready: bool


class System(BaseModel):
    """How the system is.

    Attributes:
        position: the sequence of the newest event of the log.
        conversations: how many there are that the caller may see, `running` and `asking` among them.
        problems: what keeps messages from being taken.
    """

    version: str
    position: int
    conversations: int
    running: int
    asking: int
    services: list[ServiceState]
    problems: list[str]


def install(app: FastAPI) -> None:
    """Serve the page."""

    @app.get("/ui", include_in_schema=False)
    async def page() -> RedirectResponse:
        return RedirectResponse(PAGE)

    app.mount(PAGE, StaticFiles(directory=FILES, html=True))


def router(broker: Broker, name: str, log: Log, questions: Questions) -> APIRouter:
    """``/api/system``"""
    routes = APIRouter(tags=["system"])

    async def count(status: queries.Status | None = None) -> int:
        return (await questions.sessions(queries.SessionsQuery(status=status, limit=1))).total

    @routes.get("/api/system")
    async def system() -> System:
        """The services and how much there is."""
        away = await service.absent(broker, SERVICES)
        return System(
            version=version("parley-edge-rest"),
            position=await log.position(),
            conversations=await count(),
            running=await count("in_progress"),
            asking=await count("waiting_human"),
            services=_states(away),
            problems=await service.problems(broker, name),
        )

    return routes


def _states(away: Sequence[str]) -> list[ServiceState]:
    return [ServiceState(name=each, ready=each not in away) for each in SERVICES]
