"""Signs of life of the LangGraph Agent Server API."""

from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from edge_rest.errors import documented
from edge_rest.langgraph.agents import Agents


def router(agents: Agents) -> APIRouter:
    """``/ok`` and ``/info``."""
    routes = APIRouter(tags=["langgraph"])

    @routes.get("/ok")
    async def ok() -> dict[str, Any]:
        """It answers."""
        return {"ok": True, "services": {}}

    @routes.get("/info", responses=documented(503))
    async def info() -> dict[str, Any]:
        """What this is, and which parts of the API it has."""
        graphs = await agents.graphs()
        return {
            "version": version("parley-edge-rest"),
            "langgraph_py_version": graphs.langgraph,
            "flags": {
                "assistants": True,
                "crons": False,
                "feedback": False,
                "langsmith": False,
                "langsmith_tracing_replicas": False,
                "langsmith_tracing_session_on_runs": False,
                "prune": False,
                "store": True,
            },
            "host": {"kind": "self-hosted", "name": "parley"},
        }

    return routes
