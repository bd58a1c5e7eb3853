"""How the planner's updates and its finished state read. Pure."""

from collections.abc import Mapping
from typing import Any, Final, get_args

from agent_runner.engine.outputs.account import Account
from agent_runner.engine.outputs.account import Step as Told
from agent_runner.engine.outputs.wording import WORDS, Status
from agent_runner.engine.presentation import Presentation
from agent_runner.engine.steps import action, arguments_of, reply_of
from contracts.events import Step

_STATUSES: Final = get_args(Status)


def steps_of(node: str, update: Any) -> tuple[Step, ...]:
    """The steps that one node of the planner shows."""
    if not isinstance(update, Mapping):
        return ()
    match node:
        case "planning":
            return (Step(kind="planning", text=_plan_text(update["plan"])),)
        case "execution":
            return tuple(_executed(step) for step in _ran(update))
        case "response" if "final_result" not in update:  # there is more to do first
            return (Step(kind="planning", text=_plan_text(update["plan"], update["current_step"])),)
        case "response":
            rows = _looked_up(update.get("plan") or {})
            return (Step(kind="final_answer", text=repr(rows) if rows else update["final_result"]),)
        case _:
            return ()


def _plan_text(plan: Mapping[str, Any], first: int = 0) -> str:
    numbered = list(enumerate(plan["steps"], 1))[first:]
    lines = (f"{n}. [{step['tool']}] {step['description']}" for n, step in numbered)
    return "\n".join((plan["goal"], *lines))


def _ran(update: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The steps that ran last, in order."""
    steps = update["plan"]["steps"]
    names = update["plan"].get("ran") or [steps[update["current_step"] - 1]["id"]]
    return [step for step in steps if step["id"] in names]


def _looked_up(plan: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of a plan that only looked people up; clients of the agent protocol parse them."""
    match plan.get("steps"):
        case [{"tool": "find_contacts", "status": "completed", "result": [_, *_] as rows}]:
            return list(rows)
        case _:
            return None


def _executed(step: Mapping[str, Any]) -> Step:
    call = f"{step['id']}: {step['tool']}({arguments_of(step['arguments'])})"
    if step["status"] == "failed":
        return action(f"{call} failed", f"Error: {step['error']}")
    result = step["result"]
    size = f" → {len(result)} rows" if isinstance(result, list) else ""
    return action(call + size, repr(result) if not isinstance(result, str) else result)


def planner_reply(state: Any) -> str:
    """The final result, else what any graph's reply would be."""
    if isinstance(state, Mapping) and isinstance(result := state.get("final_result"), str) and result:
        return result
    return reply_of(state)


def account_of(state: Any, reply: str) -> Account:
    """The account of the plan in a finished state."""
    values = state if isinstance(state, Mapping) else {}
    plan = values.get("plan") or {}
    language = (values.get("user_intent") or {}).get("language")
    steps = plan.get("steps") or ()
    return Account(
        goal=str(plan.get("goal", "")),
        words=WORDS["en" if language == "en" else "ko"],
        steps=tuple(_step(number, step) for number, step in enumerate(steps, 1)),
        reply=reply,
    )


def _step(position: int, step: Mapping[str, Any]) -> Told:
    status: Status = step["status"] if step.get("status") in _STATUSES else "pending"
    return Told(
        id=str(step.get("id") or f"step_{position}"),
        kind=str(step.get("type") or "step"),
        tool=str(step.get("tool") or ""),
        description=str(step.get("description") or ""),
        status=status,
        outcome=step.get("error") if status == "failed" else step.get("result"),
    )


PLANNER: Final = Presentation(steps=steps_of, reply=planner_reply, account=account_of)
