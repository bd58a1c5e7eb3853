"""The `planner` graph: understand → plan → (ask) → execute, a super-step for each step → respond.

Before a step whose tool commits the user to something it stops and asks, by one interrupt. The same
graph runs on any chat model that fills schemas; `planning` holds them, `execution` carries a step out.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypedDict, TypeVar
from uuid import uuid4

from langchain_core.exceptions import OutputParserException
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.constants import TAG_NOSTREAM
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import interrupt
from pydantic import BaseModel, ValidationError

from agent_runner.agents.graphs.execution import CallTool, Plan, Step, as_messages, execute
from agent_runner.agents.graphs.streaming import stream_reply
from agent_runner.agents.graphs.wording import effect, question, refusal
from agent_runner.agents.planning import ANSWERS, Intent, Revision, verdict
from agent_runner.agents.planning import Plan as PlanDraft
from agent_runner.engine.effects import call_tool, commits

UNDERSTAND = "Say what the user wants with the last message. Earlier messages may be needed to understand it."
PLAN = (
    "Plan the tool calls that answer the user's last message; none where no tool is needed. "
    "Use only these tools, and only arguments that they have:\n{tools}"
)
REVISE = (
    "A step of a plan waits for the user's agreement, and the user answered with a wish. Give the step's "
    "arguments with that wish worked in, or none where it asks for no change to this step."
)
RESPOND = (
    "Answer the user's last message from the tools' results, in language {language!r}. "
    "Say so if a tool failed."
)


class PlanningFailed(RuntimeError):
    """The chat model did not give a usable intent, plan or revision; the text says which and why."""


class PlannerState(TypedDict, total=False):
    """What a conversation with the planner knows. `plan` and `user_intent` are JSON.

    A step of `plan["steps"]` has id, type, tool, description, arguments, status (pending, waiting, completed,
    failed), commits, and once it ran result or error. `plan["refused"]` is set when the user said no.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    user_intent: dict[str, Any]
    plan: Plan
    current_step: int
    is_planning: bool
    is_executing: bool
    final_result: str


_Schema = TypeVar("_Schema", bound=BaseModel)


def build(
    model: BaseChatModel, tools: Sequence[BaseTool], call: CallTool = call_tool
) -> StateGraph[PlannerState, None, Any, Any]:
    """The uncompiled graph.

    `call` is how a tool is called. Tokens of the answer leave by the stream writer, as in `chat`.
    """
    by_name = {tool.name: tool for tool in tools}
    plan_prompt = SystemMessage(PLAN.format(tools="\n".join(_described(tool) for tool in tools)))

    async def intent_understanding(state: PlannerState, config: RunnableConfig) -> PlannerState:
        messages = [SystemMessage(UNDERSTAND), *state["messages"]]
        intent = await _fill(model, Intent, messages, config)
        return {
            "user_intent": intent.model_dump(),
            "plan": {},
            "current_step": 0,
            "is_planning": True,
            "is_executing": False,
            "final_result": "",
        }

    async def planning(state: PlannerState, config: RunnableConfig) -> PlannerState:
        draft = await _fill(model, PlanDraft, [plan_prompt, *state["messages"]], config)
        steps = [
            {
                "id": f"step_{number}",
                **step.model_dump(),
                "status": "pending",
                "commits": step.tool in committing,
            }
            for number, step in enumerate(draft.steps, 1)
        ]
        plan: Plan = {"goal": draft.goal, "steps": steps}
        return {"plan": _waiting(plan, 0), "is_planning": False, "is_executing": bool(steps)}

    async def human_approval(state: PlannerState, config: RunnableConfig) -> PlannerState:
        plan, index = state["plan"], state["current_step"]
        step, language = plan["steps"][index], _language(state)
        asked = question(step, language)
        context = {"plan": plan, "step": step, "effect": effect(step, language)}
        answer = interrupt({"question": asked, "context": context})
        said = _said(asked, answer if isinstance(answer, str) else None)
        arguments = await _agreed(model, step, answer, config)
        if arguments is None:
            refused = _replaced(plan, index, {**step, "status": "pending"}) | {"refused": True}
            return {"messages": said, "plan": refused, "is_executing": False}
        agreed = {**step, "arguments": arguments, "status": "pending"}
        return {"messages": said, "plan": _replaced(plan, index, agreed)}

    async def execution(state: PlannerState, config: RunnableConfig) -> PlannerState:
        plan, index = state["plan"], state["current_step"]
        call_id = f"{_turn(state)}/{plan['steps'][index]['id']}"
        step = await execute(plan, index, call_id, by_name, call, config)
        plan = _replaced(plan, index, step)
        goes_on = step["status"] == "completed" and index + 1 < len(plan["steps"])
        return {
            "plan": _waiting(plan, index + 1) if goes_on else plan,
            "current_step": index + 1,
            "is_executing": goes_on,
        }

    async def response(state: PlannerState, config: RunnableConfig) -> PlannerState:
        plan, language = state["plan"], _language(state)
        if plan.get("refused"):
            reply = AIMessage(refusal(plan, language), id=f"msg-{uuid4()}")
        elif (rows := _looked_up(plan)) is not None:
            reply = AIMessage(repr(rows), id=f"msg-{uuid4()}")
        else:
            prompt = SystemMessage(RESPOND.format(language=language))
            reply = await stream_reply(model, [prompt, *state["messages"], *as_messages(plan)], config)
        return {"messages": [reply], "final_result": reply.text, "is_executing": False}

    committing = {tool.name for tool in tools if commits(tool)}
    graph = StateGraph(PlannerState)
    for node in (intent_understanding, planning, human_approval, execution, response):
        graph.add_node(node)
    graph.add_edge(START, "intent_understanding")
    graph.add_edge("intent_understanding", "planning")
    for source in ("planning", "human_approval", "execution"):
        graph.add_conditional_edges(source, _next)
    graph.add_edge("response", END)
    return graph


# Asynchronous although it awaits nothing: LangGraph runs what is not in a thread, which costs more.
async def _next(state: PlannerState) -> Literal["human_approval", "execution", "response"]:
    if not state["is_executing"]:
        return "response"
    waits = state["plan"]["steps"][state["current_step"]]["status"] == "waiting"
    return "human_approval" if waits else "execution"


async def _fill(
    model: BaseChatModel, schema: type[_Schema], messages: Sequence[BaseMessage], config: RunnableConfig
) -> _Schema:
    quiet: RunnableConfig = {**config, "tags": [*(config.get("tags") or ()), TAG_NOSTREAM]}
    filler = model.with_structured_output(schema, method="function_calling")
    try:
        filled = await filler.ainvoke(list(messages), quiet)
    except (OutputParserException, ValidationError) as error:
        raise PlanningFailed(
            f"the model's {schema.__name__.lower()} could not be understood: {error}"
        ) from error
    if not isinstance(filled, schema):
        raise PlanningFailed(f"the model gave no {schema.__name__.lower()}")
    return filled


async def _agreed(
    model: BaseChatModel, step: Step, answer: Any, config: RunnableConfig
) -> dict[str, Any] | None:
    """The arguments the person agreed to, perhaps after a change in words; None for a refusal."""
    approved = verdict(answer) if isinstance(answer, str) else answer if isinstance(answer, bool) else None
    if approved is not None:
        return dict(step["arguments"]) if approved else None
    asked = json.dumps({"step": step, "answer": answer}, ensure_ascii=False)
    revision = await _fill(model, Revision, [SystemMessage(REVISE), HumanMessage(asked)], config)
    return revision.arguments


def _described(tool: BaseTool) -> str:
    return f"- {tool.name}({json.dumps(tool.args, ensure_ascii=False)}): {tool.description}"


def _language(state: PlannerState) -> str:
    return str(state["user_intent"].get("language", "en"))


def _turn(state: PlannerState) -> str:
    """The id of the message that began the turn."""
    requests = (m for m in reversed(state["messages"]) if isinstance(m, HumanMessage))
    return next((str(m.id) for m in requests if ANSWERS not in m.additional_kwargs), "")


def _said(asked: str, answer: str | None) -> list[AnyMessage]:
    if answer is None:
        return []
    return [
        AIMessage(asked, id=f"msg-{uuid4()}"),
        HumanMessage(answer, id=f"msg-{uuid4()}", additional_kwargs={ANSWERS: asked}),
    ]


def _replaced(plan: Plan, index: int, step: Step) -> Plan:
    steps = plan["steps"]
    return {**plan, "steps": [*steps[:index], step, *steps[index + 1 :]]}


def _waiting(plan: Plan, index: int) -> Plan:
    """The plan, the step at `index` marked as waiting where it commits the user to something."""
    if index < len(plan["steps"]) and plan["steps"][index]["commits"]:
        return _replaced(plan, index, {**plan["steps"][index], "status": "waiting"})
    return plan


def _looked_up(plan: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of a plan that only looked rows up; clients of the agent protocol parse them."""
    match plan["steps"]:
        case [{"type": "search", "tool": "find_contacts", "status": "completed", "result": [_, *_] as rows}]:
            return list(rows)
        case _:
            return None
