"""Who answers here, and whether everything it needs is there."""

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from edge_rest.errors import documented
from eventlog import service
from eventlog.broker import Broker
from eventlog.probe import shortcoming


def router(broker: Broker, name: str, needs: Sequence[str]) -> APIRouter:
    """``/`` and ``/health``."""
    routes = APIRouter(tags=["service"])

    @routes.get("/")
    async def root(request: Request) -> Response:
        """What this is; browsers, which ask for HTML, are sent to the console."""
        if "text/html" in request.headers.get("accept", ""):
            return RedirectResponse("/ui/")
        return JSONResponse({"message": "LangGraph Chatbot API", "version": "0.4.0", "status": "running"})

    @routes.get("/health", responses=documented(503))
    async def health() -> JSONResponse:
        """200 when messages are taken and answered, be it without deltas; else 503 with what is wrong."""
        wrong = await service.problems(broker, name)
        wrong += [f"{missing} does not answer" for missing in await service.absent(broker, needs)]
        if wrong:
            return JSONResponse({"detail": "; ".join(wrong)}, 503)
        lacking = await shortcoming(broker)
        return JSONResponse({"status": "healthy"} | ({"degraded": [lacking]} if lacking else {}))

    return routes
