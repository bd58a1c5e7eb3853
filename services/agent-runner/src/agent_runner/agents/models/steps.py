"""How a step of a plan is made. Pure."""

from typing import Any

from agent_runner.agents.models.request import Request
from agent_runner.agents.planning import PlannedStep
from agent_runner.engine.faults import Language


def said(language: Language, korean: str, english: str) -> str:
    """The one of two texts that is in the language."""
    return korean if language == "ko" else english


def step(request: Request, kind: str, tool: str, korean: str, english: str, **arguments: Any) -> PlannedStep:
    """A call of a tool, described in the request's language."""
    description = said(request.language, korean, english)
    return PlannedStep(type=kind, tool=tool, description=description, arguments=arguments)
