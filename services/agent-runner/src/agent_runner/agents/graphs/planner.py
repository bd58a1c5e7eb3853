"""The `planner` graph: understand → plan → (ask) → execute, side by side what can be → respond, or go on.

The model is called where it has something to decide: in `planning`, where it answers at once or says which
tools to call, and in `response`, where it answers from their results or calls more. Before a step whose
tool commits the user to something the graph stops and asks, by one interrupt. Read `steps` for plans,
`execution` for carrying them out, `consent` for what an answer means.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypedDict
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.constants import TAG_NOSTREAM
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import interrupt
from pydantic import ValidationError

from agent_runner.agents.briefing import Briefing
from agent_runner.agents.graphs.changes import Change
from agent_runner.agents.graphs.consent import Reading, read
from agent_runner.agents.graphs.execution import CallTool, Plan, Step, as_messages, execute
from agent_runner.agents.graphs.steps import drafted, extended, ready, replaced, waiting
from agent_runner.agents.graphs.streaming import stream_reply
from agent_runner.agents.graphs.summary import NODE, Summary
from agent_runner.agents.graphs.wording import effect, question, refusal
from agent_runner.agents.models.intent import intent_of
from agent_runner.agents.planning import ANSWERS, Agreement
from agent_runner.agents.planning import Plan as PlanDraft
from agent_runner.agents.prompts import prompt
from agent_runner.engine.effects import call_tool, commits
from agent_runner.engine.faults import Language, ModelFault, invalid, sentence

MOST_ROUNDS: Final = 4
"""Plans in one turn: the first, and those made in the light of what came of it."""


ANSWER_SCHEMA: dict[str, Any] = {"type": ["boolean", "string"]}
"""How a question is answered: by yes or no, or in words, which are read here."""


class PlannerState(TypedDict, total=False):
    """What a conversation with the planner knows. `plan` and `user_intent` are JSON.

    A step of `plan["steps"]` has id, type, tool, description, arguments, status (pending, waiting, completed,
    failed), commits, and once it ran result or error. `plan["refused"]` is set when the user said no,
    `plan["ran"]` names the steps that ran last, `plan["rounds"]` counts the plans of the turn.
    """

    messages: Annotated[list[AnyMessage], add_messages]
    user_intent: dict[str, Any]
    plan: Plan
    current_step: int
    is_planning: bool
    is_executing: bool
    final_result: str


def build(
    model: BaseChatModel,
    tools: Sequence[BaseTool],
    call: CallTool = call_tool,
    briefing: Briefing | None = None,
    summary: Summary | None = None,
) -> StateGraph[PlannerState, None, Any, Any]:
    """The uncompiled graph.

    `call` is how a tool is called; without `briefing` the model is told nothing besides the messages; with
    `summary` a long conversation is shortened.
    Tokens of the answer leave by the stream writer, as in `chat`.
    """
    nodes = _Nodes(model, tools, call, briefing)
    graph = StateGraph(PlannerState)
    for node in (
        nodes.intent_understanding,
        nodes.planning,
        nodes.human_approval,
        nodes.execution,
        nodes.response,
    ):
        graph.add_node(node)
    if summary:
        is_due = summary.is_due

        async def first(state: PlannerState) -> Literal["summary", "intent_understanding"]:
            return NODE if is_due(state["messages"]) else "intent_understanding"

        graph.add_node(NODE, summary.node())
        graph.add_edge(NODE, "intent_understanding")
        graph.add_conditional_edges(START, first)
    else:
        graph.add_edge(START, "intent_understanding")
    graph.add_edge("intent_understanding", "planning")
    for source in ("planning", "human_approval", "execution"):
        graph.add_conditional_edges(source, _next)
    graph.add_conditional_edges("response", _next_or_end)
    return graph


class _Nodes:
    def __init__(
        self, model: BaseChatModel, tools: Sequence[BaseTool], call: CallTool, briefing: Briefing | None
    ) -> None:
        self._model = model
        self._bound = model.bind_tools([*tools, PlanDraft])
        self._tools = {tool.name: tool for tool in tools}
        self._call = call
        self._briefing = briefing
        self._committing = frozenset(tool.name for tool in tools if commits(tool))

    async def intent_understanding(self, state: PlannerState) -> PlannerState:
        intent = await intent_of(state["messages"])
        return {
            "user_intent": intent.model_dump(),
            "plan": {},
            "current_step": 0,
            "is_planning": True,
            "is_executing": False,
            "final_result": "",
        }

    async def planning(self, state: PlannerState, config: RunnableConfig) -> PlannerState:
        language = _language(state)
        message, draft = await self._asked(state, [], config)
        plan = extended({}, draft, language, self._committing)
        said: PlannerState = {} if plan["steps"] else {"messages": [message]}
        return {
            **said,
            "plan": waiting(plan, 0),
            "is_planning": False,
            "is_executing": bool(plan["steps"]),
        }

    async def human_approval(self, state: PlannerState, config: RunnableConfig) -> PlannerState:
        plan, index = state["plan"], state["current_step"]
        step, language = plan["steps"][index], _language(state)
        asked = question(step, language)
        context = {"plan": plan, "step": step, "effect": effect(step, language)}
        answer = interrupt({"question": asked, "context": context}, response_schema=ANSWER_SCHEMA)
        said = _said(asked, answer if isinstance(answer, str) else None)
        reading = await self._read(step, answer, config)
        goes_on = reading.verdict != "no"
        return {"messages": said, "plan": _answered(plan, index, reading), "is_executing": goes_on}

    async def execution(self, state: PlannerState, config: RunnableConfig) -> PlannerState:
        plan, first = state["plan"], state["current_step"]
        turn, indices = _turn(state), ready(plan, first)
        ran = await asyncio.gather(
            *(
                execute(plan, index, f"{turn}/{plan['steps'][index]['id']}", self._tools, self._call, config)
                for index in indices
            )
        )
        for index, step in zip(indices, ran, strict=True):
            plan = replaced(plan, index, step)
        plan = {**plan, "ran": [step["id"] for step in ran]}
        following = indices[-1] + 1
        goes_on = following < len(plan["steps"]) and all(step["status"] == "completed" for step in ran)
        return {
            "plan": waiting(plan, following) if goes_on else plan,
            "current_step": following,
            "is_executing": goes_on,
        }

    async def response(self, state: PlannerState, config: RunnableConfig) -> PlannerState:
        plan, language = state["plan"], _language(state)
        if plan.get("refused"):
            return _replied(plan, AIMessage(refusal(plan, language), id=f"msg-{uuid4()}"))
        if isinstance(last := state["messages"][-1], AIMessage):
            return _replied(plan, last)  # planning needed no tool
        message, draft = await self._asked(state, as_messages(plan), config)
        if not draft.steps:
            return _replied(plan, message)
        if plan.get("rounds", 1) >= MOST_ROUNDS:
            return _replied(plan, AIMessage(sentence("loop", language), id=f"msg-{uuid4()}"))
        plan = extended(plan, draft, language, self._committing)
        index = len(plan["steps"]) - len(draft.steps)
        return {"plan": waiting(plan, index), "current_step": index, "is_executing": True}

    async def _asked(
        self, state: PlannerState, results: Sequence[AnyMessage], config: RunnableConfig
    ) -> tuple[AIMessage, PlanDraft]:
        """What the model says and which steps it wants; what does not fit is asked once more.

        Raises:
            ModelFault: if there is neither an answer nor a plan that fits.
        """
        language = _language(state)
        system = [await self._briefing.message("planner", language)] if self._briefing else []
        messages: list[AnyMessage] = [*system, *state["messages"], *results]
        for _ in range(2):
            message = await stream_reply(self._bound, messages, config)
            try:
                return message, drafted(message, language)
            except ValidationError as error:
                messages = [*messages, HumanMessage(f"Your plan does not fit: {invalid(error)}. Plan again.")]
        raise ModelFault("unusable", language)

    async def _read(self, step: Step, answer: Any, config: RunnableConfig) -> Reading:
        """What the answer says: by rules, and where they leave it open, by the model."""
        reading = read(answer, step)
        if not reading.open:
            return reading
        asked = json.dumps({"step": step, "answer": answer}, ensure_ascii=False)
        quiet: RunnableConfig = {**config, "tags": [*(config.get("tags") or ()), TAG_NOSTREAM]}
        filler = self._model.with_structured_output(Agreement, method="function_calling")
        try:
            found = await filler.ainvoke([SystemMessage(prompt("consent")), HumanMessage(asked)], quiet)
        except (ModelFault, ValueError):  # whatever the model cannot tell is asked again
            return reading
        if not isinstance(found, Agreement):
            return reading
        if found.verdict == "change":
            return _changed(step, found.arguments) or reading
        return Reading(found.verdict)


def _replied(plan: Plan, reply: AIMessage) -> PlannerState:
    return {"plan": plan, "messages": [reply], "final_result": reply.text, "is_executing": False}


# Asynchronous although they await nothing: LangGraph runs what is not in a thread, which costs more.
async def _next(state: PlannerState) -> Literal["human_approval", "execution", "response"]:
    if not state["is_executing"]:
        return "response"
    waits = state["plan"]["steps"][state["current_step"]]["status"] == "waiting"
    return "human_approval" if waits else "execution"


async def _next_or_end(state: PlannerState) -> Literal["human_approval", "execution", "__end__"]:
    following = await _next(state)
    return "__end__" if following == "response" else following


def _answered(plan: Plan, index: int, reading: Reading) -> Plan:
    """The plan after an answer: its step goes on, is refused, or waits to be asked about again."""
    step = {name: value for name, value in plan["steps"][index].items() if name not in ("changed", "unclear")}
    if reading.change:
        step |= {"arguments": reading.change.arguments}
    if reading.verdict == "no":
        return replaced(plan, index, {**step, "status": "pending"}) | {"refused": True}
    if reading.verdict == "yes" or (reading.change and reading.change.exact):
        return replaced(plan, index, {**step, "status": "pending"})
    again = {"changed": reading.change.told} if reading.change else {"unclear": True}
    return replaced(plan, index, {**step, **again})


def _changed(step: Step, arguments: dict[str, Any] | None) -> Reading | None:
    """The model's change, which is always shown to the person; None where nothing would change."""
    old = _flat(step["arguments"])
    told = {name: value for name, value in _flat(arguments or {}).items() if old.get(name) != value}
    return Reading("change", Change(arguments, told)) if arguments and told else None


def _flat(arguments: Mapping[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in arguments.items():
        flat |= _flat(value) if isinstance(value, Mapping) else {name: str(value)}
    return flat


def _language(state: PlannerState) -> Language:
    return "ko" if state["user_intent"].get("language") == "ko" else "en"


def _turn(state: PlannerState) -> str:
    """The id of the message that began the turn."""
    requests = (m for m in reversed(state["messages"]) if isinstance(m, HumanMessage))
    return next((str(m.id) for m in requests if ANSWERS not in m.additional_kwargs), "")


def _said(asked: str, answer: Any) -> list[AnyMessage]:
    if answer is None:
        return []
    said = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
    return [
        AIMessage(asked, id=f"msg-{uuid4()}"),
        HumanMessage(said, id=f"msg-{uuid4()}", additional_kwargs={ANSWERS: asked}),
    ]
