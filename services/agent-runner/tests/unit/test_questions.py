"""Graphs that ask people: what is asked, what answers become, and what stays open."""

import operator
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Send, interrupt

from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.checkpointer.copying import fork_thread
from contracts.events import ConversationStarted, ForkOrigin, RunCompleted, RunFailed, RunInterrupted
from eventlog.turns.refusals import NotWaiting


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    got: Annotated[list[str], operator.add]


def asking(question: Any) -> Any:
    def node(state: State) -> State:
        return {"got": [f"{question} {interrupt(question)}"]}

    return node


def total(state: State) -> State:
    return {"messages": [AIMessage("; ".join(state["got"]))]}


def one(node: Any) -> Any:
    graph = StateGraph(State)
    graph.add_node("node", node)
    graph.add_edge(START, "node")
    graph.add_edge("node", END)
    return graph


def side_by_side(*questions: str) -> Any:
    graph = StateGraph(State)
    graph.add_node("total", total)
    for question in questions:
        graph.add_node(question, asking(question))
        graph.add_edge(START, question)
        graph.add_edge(question, "total")
    return graph


def approving(state: State) -> State:
    return {"messages": [AIMessage("approved" if interrupt({"question": "Proceed?"}) else "refused")]}


@pytest.mark.parametrize(
    ("answer", "text"), [(True, "approved"), (False, "refused"), ("no", "refused"), ("네", "approved")]
)
async def test_a_refusal_is_falsy(runs: Any, answer: Any, text: str) -> None:
    talk = runs(one(approving))
    asked = await talk.say("go")
    assert (asked.question, asked.questions[0].value) == ("Proceed?", {"question": "Proceed?"})
    assert (await talk.answer(answer)).text == text


async def test_the_next_message_is_an_answer_in_words(runs: Any) -> None:
    talk = runs(one(approving))
    await talk.say("go")
    assert (await talk.say("no")).text == "refused"


async def test_all_open_questions_are_asked_in_order_and_answered_one_by_one(runs: Any) -> None:
    talk = runs(side_by_side("left?", "right?"))
    asked = await talk.say("go")
    assert [question.question for question in asked.questions] == ["left?", "right?"]
    rest = await talk.answer("2", asked.questions[1].interrupt_id)
    assert [question.question for question in rest.questions] == ["left?"]
    assert (await talk.answer("1")).text == "left? 1; right? 2"


async def test_questions_are_answered_together(runs: Any) -> None:
    talk = runs(side_by_side("left?", "right?"))
    left, right = (await talk.say("go")).questions
    assert (await talk.answer({right.interrupt_id: "2", left.interrupt_id: "1"})).text == "left? 1; right? 2"


async def test_answers_that_come_before_the_first_has_run_are_all_taken(runs: Any) -> None:
    talk = runs(side_by_side("left?", "right?"))
    left, right = (await talk.say("go")).questions
    first = await talk.answered("1", left.interrupt_id)
    second = await talk.answered("2", right.interrupt_id)
    with pytest.raises(NotWaiting):
        await talk.answered("3", right.interrupt_id)
    assert isinstance(await talk.run(first), RunInterrupted)
    assert (await talk.run(second)).text == "left? 1; right? 2"


async def test_questions_of_a_fan_out(runs: Any) -> None:
    def ask(state: Any) -> State:
        return {"got": [f"{state['who']} {interrupt({'ask': state['who'], 'options': ['yes', 'no']})}"]}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_node("total", total)
    graph.add_conditional_edges(START, lambda _: [Send("ask", {"who": who}) for who in "abc"], ["ask"])
    graph.add_edge("ask", "total")
    talk = runs(graph)
    asked = await talk.say("go")
    assert [question.value["ask"] for question in asked.questions] == ["a", "b", "c"]
    for answer in ("YES", "no", "yes"):
        asked = await talk.answer(answer)
    assert asked.text == "a yes; b no; c yes"


async def test_a_question_survives_an_answer_that_the_graph_could_not_take(runs: Any) -> None:
    def age(state: State) -> State:
        name = interrupt("What is your name?")
        return {"messages": [AIMessage(f"{name} is {int(interrupt('How old?'))}")]}

    talk = runs(one(age))
    await talk.say("go")
    await talk.answer("Ann")
    failed = await talk.answer("old")
    assert isinstance(failed, RunFailed)
    assert [question.question for question in failed.questions] == ["How old?"]
    assert (await talk.answer("7")).text == "Ann is 7"


async def test_a_question_of_a_given_form_is_asked_until_it_is_answered_so(runs: Any) -> None:
    def count(state: State) -> State:
        return {"messages": [AIMessage(f"{interrupt('How many?', response_schema=int) + 1}")]}

    talk = runs(one(count))
    asked = await talk.say("go")
    assert asked.questions[0].response_schema == {"type": "integer"}
    refused = await talk.answer("many")
    assert (refused.error, len(refused.questions)) == ("the answer must be a whole number", 1)
    assert (await talk.answer("41")).text == "42"


async def test_a_subgraph_asks_and_a_node_behind_it_goes_on(runs: Any) -> None:
    outer = StateGraph(State)
    outer.add_node("inner", one(asking("Who?")).compile())
    outer.add_node("total", total)
    outer.add_edge(START, "inner")
    outer.add_edge("inner", "total")
    talk = runs(outer)
    await talk.say("go")
    assert (await talk.answer("me")).text == "Who? me"


async def test_a_route_by_a_plain_question(runs: Any) -> None:
    def gate(state: State) -> Command[Any]:
        return Command(goto="yes" if interrupt("ok?") else "no")

    graph = StateGraph(State)
    graph.add_node("gate", gate, destinations=("yes", "no"))
    for name in ("yes", "no"):
        graph.add_node(name, lambda _, name=name: {"messages": [AIMessage(f"went {name}")]})
    graph.add_edge(START, "gate")
    talk = runs(graph)
    await talk.say("go")
    assert (await talk.answer(False)).text == "went no"


@pytest.mark.parametrize("where", ["interrupt_before", "interrupt_after"])
async def test_a_breakpoint_stops_and_goes_on_with_a_yes(runs: Any, where: str) -> None:
    graph = StateGraph(MessagesState)
    for name in ("first", "second"):
        graph.add_node(name, lambda _, name=name: {"messages": [AIMessage(name)]})
    graph.add_edge(START, "first")
    graph.add_edge("first", "second")
    stops: Any = {where: ["second" if where == "interrupt_before" else "first"]}
    talk = runs(graph.compile(**stops))

    asked = await talk.say("go")
    assert (asked.questions[0].kind, asked.questions[0].context) == ("breakpoint", {"next": ["second"]})
    unclear = await talk.say("what is that?")
    assert isinstance(unclear, RunFailed)
    assert "yes or no" in unclear.error
    assert (await talk.answer(True)).text == "second"

    await talk.say("go")
    assert "was not carried out" in (await talk.answer(False)).text
    assert isinstance(await talk.say("go"), RunInterrupted)


async def test_a_question_survives_a_fork(runs: Any) -> None:
    talk = runs(one(approving))
    asked = await talk.say("go")
    thread: Any = {"configurable": {"thread_id": talk.KEY}}
    newest = await LogCheckpointSaver(talk.log, talk.author).aget_tuple(thread)
    assert newest
    assert (await talk.answer(True)).text == "approved"

    origin = ForkOrigin(conversation=talk.KEY, checkpoint_id=newest.checkpoint["id"])
    start = ConversationStarted(
        responder_name="agent-runner", graph="graph", protocol="octo", forked_from=origin
    )
    await fork_thread(talk.log, talk.author, start, origin, "fork")
    talk.KEY = "fork"
    waiting = await talk.inbox.waiting("fork")
    assert waiting.questions == asked.questions
    assert isinstance(await talk.answer(False), RunCompleted)
    assert [end.text for end in await talk.events(RunCompleted)] == ["refused"]
