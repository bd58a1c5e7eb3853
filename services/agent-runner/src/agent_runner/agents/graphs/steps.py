"""Plans: how they are drafted from what a model says, and which of their steps can run. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from langchain_core.messages import AIMessage

from agent_runner.agents.graphs.execution import Plan, Step
from agent_runner.agents.graphs.wording import DIRECT, described
from agent_runner.agents.planning import Plan as PlanDraft
from agent_runner.agents.planning import PlannedStep
from agent_runner.engine.faults import Language

PLAN_TOOL: Final = PlanDraft.__name__


def drafted(message: AIMessage, language: Language) -> PlanDraft:
    """The steps that a model's tool calls ask for; none where it answers without.

    Raises:
        ValidationError: if a plan among them does not fit its schema.
    """
    goals: list[str] = []
    steps: list[PlannedStep] = []
    for called in message.tool_calls:
        if called["name"] == PLAN_TOOL:
            plan = PlanDraft.model_validate(called["args"])
            goals.append(plan.goal)
            steps += plan.steps
        else:
            kind, description = described(called["name"], language)
            steps.append(
                PlannedStep(type=kind, tool=called["name"], description=description, arguments=called["args"])
            )
    goal = goals[0] if goals else ", ".join(dict.fromkeys(s.description for s in steps))
    return PlanDraft(goal=goal or DIRECT[language], steps=steps)


def extended(plan: Plan, draft: PlanDraft, language: Language, committing: frozenset[str]) -> Plan:
    """The plan with what ran of it and the draft's steps, numbered on; the draft's alone at first."""
    ran = [step for step in plan.get("steps", ()) if step["status"] in ("completed", "failed")]
    new = [
        {
            "id": f"step_{number}",
            **step.model_dump(),
            "description": step.description or described(step.tool, language)[1],
            "status": "pending",
            "commits": step.tool in committing,
        }
        for number, step in enumerate(draft.steps, len(ran) + 1)
    ]
    rounds = {"rounds": plan.get("rounds", 1) + 1} if plan else {}
    return {"goal": plan.get("goal") or draft.goal, "steps": [*ran, *new], **rounds}


def ready(plan: Plan, first: int) -> list[int]:
    """The step at `first` and those behind it that can run beside it: they need no result that is not
    there yet and commit the user to nothing."""
    steps: Sequence[Step] = plan["steps"]
    known = {step["id"] for step in steps[:first]}
    if steps[first]["commits"]:
        return [first]
    indices = [first]
    for index in range(first + 1, len(steps)):
        needs = set(_references(steps[index]["arguments"]))
        if steps[index]["commits"] or not needs <= known:
            break
        indices.append(index)
    return indices


def replaced(plan: Plan, index: int, step: Step) -> Plan:
    """The plan with another step in that place."""
    steps = plan["steps"]
    return {**plan, "steps": [*steps[:index], step, *steps[index + 1 :]]}


def waiting(plan: Plan, index: int) -> Plan:
    """The plan, the step at `index` marked as waiting where it commits the user to something."""
    if index < len(plan["steps"]) and plan["steps"][index]["commits"]:
        return replaced(plan, index, {**plan["steps"][index], "status": "waiting"})
    return plan


def _references(value: Any) -> Iterator[str]:
    """The ids of steps whose results an argument stands for."""
    if isinstance(value, str):
        if value.startswith("$"):
            yield value[1:]
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, Sequence):
        for item in value:
            yield from _references(item)
