"""What the user, the operator and the provider see of each fault of a model: the table in docs/models.md."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.tools import BaseTool
from langgraph.errors import GraphRecursionError
from pydantic import BaseModel, ValidationError
from tests.model_server import (
    SECRET,
    WORDS,
    Behaviour,
    ModelServer,
    Write,
    called,
    refuse,
    say,
    say_and,
    serving,
)

from agent_runner.agents.graphs import chat, planner
from agent_runner.agents.models import select
from agent_runner.agents.models.provider import Limits
from agent_runner.agents.models.select import UnknownModel, probe
from agent_runner.engine.faults import ModelFault, told

DOCS = Path(__file__).parents[4] / "docs" / "models.md"
LIMITS = Limits()
HASTY = Limits(first_token=1.0)
"""For a server that says nothing at all."""
SOON = Limits(first_token=5.0)
"""For one that says something first, which takes longer on a busy machine."""


def always(status: int, message: str, code: str | None = None, **headers: str) -> Behaviour:
    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        await refuse(write, status, message, code, **headers)

    return behave


def once(status: int, message: str, **headers: str) -> Behaviour:
    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        if number == 1:
            await refuse(write, status, message, **headers)
        else:
            await say(write, body, *WORDS)

    return behave


def answer(*words: str, finish: str | None = "stop", **message: Any) -> Behaviour:
    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        await say(write, body, *words, finish=finish, **message)

    return behave


async def hang(write: Write, number: int, body: dict[str, Any]) -> None:
    await asyncio.Event().wait()


async def stall(write: Write, number: int, body: dict[str, Any]) -> None:
    await say_and(write, *WORDS[:2])
    await asyncio.Event().wait()


async def fail_within(write: Write, number: int, body: dict[str, Any]) -> None:
    await say_and(write, *WORDS[:2])
    await write(b'data: {"error": {"message": "overloaded", "type": "server_error", "code": null}}\n\n')


async def refusal(write: Write, number: int, body: dict[str, Any]) -> None:
    """Streams carry no refusal; an answer at once does."""
    await say(write, body, refusal="I can't help with that.")


async def not_json(write: Write, number: int, body: dict[str, Any]) -> None:
    await write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    )


def calling(name: str, arguments: str) -> Behaviour:
    return answer(finish="tool_calls", tool_calls=[called(name, arguments)])


async def corrected(write: Write, number: int, body: dict[str, Any]) -> None:
    if number == 1:
        await say(write, body, finish="tool_calls", tool_calls=[called("find_contacts", '{"name": "Ki')])
    else:
        await say(write, body, *WORDS)


@dataclass(frozen=True, slots=True)
class Row:
    """One fault.

    Attributes:
        told: what the user reads, in English; the last words of a reply, or a failed run's error.
        fails: whether the run fails, or is answered.
        asked: how often the model is asked.
        logged: what the operator reads.
    """

    name: str
    behaviour: Behaviour
    told: str
    asked: int
    logged: str
    fails: bool = True
    limits: Limits = LIMITS


BUSY = "The model is busy at the moment. Please try again in about {} seconds."
DOWN = "The model service failed or can't be reached. Please try again in a moment."
WHOLE = "".join(WORDS)
CUT = "(The connection to the model broke, so the answer stops here.)"
UNUSABLE = "The model's answer could not be used. Please try again or put it differently."
ROWS = [
    Row("429 once, short Retry-After", once(429, "limit", Retry_After="0.1"), WHOLE, 2, "busy", False),
    Row(
        "429 always",
        always(429, f"limit of org-SECRET {SECRET}", Retry_After="0.1"),
        BUSY.format(0),
        3,
        "busy",
    ),
    Row("429, long Retry-After", always(429, "wait", Retry_After="90"), BUSY.format(90), 1, "busy"),
    Row(
        "429, no quota",
        always(429, "pay", "insufficient_quota"),
        "The quota of the model service is used up.",
        1,
        "quota",
    ),
    Row("500 once", once(500, "oops"), WHOLE, 2, "down", False),
    Row("500 always", always(500, "oops"), DOWN, 3, "down"),
    Row("401", always(401, f"Incorrect API key {SECRET}"), "did not let this service in", 1, "denied"),
    Row("404", always(404, "no such model"), "The configured model was not found.", 1, "missing"),
    Row("400", always(400, "no tools"), "did not accept the request", 1, "rejected"),
    Row(
        "400, filtered",
        always(400, "filtered", "content_filter"),
        "The model refused to answer",
        1,
        "refused",
    ),
    Row(
        "context overflow",
        always(400, "too many", "context_length_exceeded"),
        "longer than the model can read",
        1,
        "too_long",
    ),
    Row("no first token", hang, "The model took too long to answer.", 1, "slow", limits=HASTY),
    Row("stream stalls", stall, CUT, 1, "slow", False, SOON),
    Row("stream fails", fail_within, CUT, 1, "down", False),
    Row("stream ends early", answer(*WORDS[:2], finish=None), CUT, 1, "cut", False),
    Row(
        "length",
        answer(*WORDS[:2], finish="length"),
        "(The answer was cut short at the model's length limit.)",
        1,
        "truncated",
        False,
    ),
    Row(
        "content filter",
        answer(*WORDS[:2], finish="content_filter"),
        "(The provider's content filter stopped the answer.)",
        1,
        "filtered",
        False,
    ),
    Row("refusal", refusal, "The model refused to answer this request.", 2, "refused", False),
    Row("empty", answer(), "The model gave an empty answer.", 2, "empty", False),
    Row("no JSON", not_json, UNUSABLE, 2, "unusable", False),
    Row("bad arguments once", corrected, WHOLE, 2, "not valid JSON", False),
    Row("bad arguments", calling("find_contacts", '{"name": "Ki'), UNUSABLE, 2, "not valid JSON"),
    Row("unknown tool", calling("launch_rocket", "{}"), UNUSABLE, 2, "no tool 'launch_rocket'"),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
@pytest.mark.parametrize("graph", ["chat", "planner"])
async def test_a_fault_is_told_and_logged(
    graph: str, row: Row, tools: list[BaseTool], caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(row.behaviour) as server:
        said = await ask(graph, server, tools, "hello", fails=row.fails, limits=row.limits)

    assert row.told in said
    assert len(server.asked) == row.asked
    assert row.logged in caplog.text
    assert "conversation c-1" in caplog.text
    for secret in (SECRET, "org-SECRET"):
        assert secret not in said + caplog.text


def test_every_row_is_in_the_documentation() -> None:
    text = DOCS.read_text(encoding="utf-8")

    assert [row.name for row in ROWS if f"| {row.name} |" not in text] == []


async def test_no_server_is_told(tools: list[BaseTool], caplog: pytest.LogCaptureFixture) -> None:
    async with serving(hang) as server:
        pass  # nobody listens there any more

    assert DOWN in await ask("chat", server, tools, "hello", fails=True)
    assert "down: " in caplog.text


async def test_it_is_told_in_the_user_s_language(tools: list[BaseTool]) -> None:
    async with serving(always(429, "wait", Retry_After="90")) as server:
        said = await ask("planner", server, tools, "안녕하세요", fails=True)

    assert said == "모델이 지금 바쁩니다. 약 90초 뒤에 다시 시도해 주세요."


@pytest.mark.parametrize("graph", ["chat", "planner"])
async def test_a_model_that_never_stops_calling_tools_is_stopped(graph: str, tools: list[BaseTool]) -> None:
    async with serving(calling("list_datasets", "{}")) as server:
        said = await ask(graph, server, tools, "hello", fails=False)

    assert "too many steps" in said
    assert len(server.asked) <= chat.MOST_ROUNDS + 1


async def test_a_history_that_outgrows_the_model_is_cut(tools: list[BaseTool]) -> None:
    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        if len(json.dumps(body["messages"])) > 3_000:
            await refuse(write, 400, "too many tokens", "context_length_exceeded")
        else:
            await say(write, body, *WORDS)

    turns = [said for _ in range(20) for said in (HumanMessage("word " * 100), AIMessage("word " * 100))]
    async with serving(behave) as server:
        model = select("openai:m", server.url, limits=LIMITS)
        reply = await model.ainvoke([*turns, HumanMessage("and now?")])

    assert reply.text == WHOLE
    assert server.asked[-1]["messages"][-1]["content"] == "and now?"


async def test_the_history_that_is_sent_has_a_bound() -> None:
    turns = [said for n in range(50) for said in (HumanMessage(f"{n} " * 50), AIMessage("word " * 50))]
    async with serving(answer(*WORDS)) as server:
        model = select("openai:m", server.url, limits=Limits(history=1_000))
        await model.ainvoke([*turns, HumanMessage("and now?")])

    sent = server.asked[0]["messages"]
    assert 2 < len(sent) < 20
    assert sent[0]["role"] == "user"
    assert sent[-1]["content"] == "and now?"


@pytest.mark.parametrize(
    ("name", "url", "problem"),
    [
        ("gpt-5", None, "must be 'embedded' or <provider>:<model>"),
        ("openai:", None, "must be 'embedded' or <provider>:<model>"),
        ("nobody:model", None, "can't be loaded"),
        ("openai:gpt-5", None, "needs a key: set PARLEY_MODEL_KEY or OPENAI_API_KEY"),
        ("anthropic:claude", None, "needs a key: set PARLEY_MODEL_KEY or ANTHROPIC_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_used_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, url: str | None, problem: str
) -> None:
    for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)

    with pytest.raises(UnknownModel, match=problem) as raised:
        select(name, url)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("behaviour", "usable", "found"),
    [
        (answer("Hi"), True, "answers"),
        (always(401, f"Incorrect API key {SECRET}"), False, "denied: "),
        (always(404, "no such model"), False, "missing: "),
        (always(429, "limit"), True, "busy: "),
        (always(500, "oops"), True, "down: "),
    ],
)
async def test_a_model_is_asked_for_one_token(behaviour: Behaviour, usable: bool, found: str) -> None:
    async with serving(behaviour) as server:
        may_be_used, what = await probe(select("openai:m", server.url))

    assert (may_be_used, what.startswith(found)) == (usable, True)
    assert SECRET not in what
    assert (server.asked[0].get("max_tokens") or server.asked[0].get("max_completion_tokens")) == 1


def test_what_clients_read_of_other_errors() -> None:
    class Form(BaseModel):
        age: int

    with pytest.raises(ValidationError) as invalid:
        Form.model_validate({"age": f"{SECRET} years"})

    assert told(invalid.value, "en").startswith("Form: age: Input should be a valid integer")
    assert SECRET not in told(invalid.value, "en")
    assert told(ValueError(f"the key {SECRET} is wrong"), "en") == "the key [hidden] is wrong"
    assert told(GraphRecursionError("limit of 25"), "ko").startswith("답에 이르지 못한 채")
    assert told(TimeoutError(), "en") == "the run took too long"
    assert told(TimeoutError("the library is closed"), "en") == "the library is closed"


async def ask(
    graph: str,
    server: ModelServer,
    tools: list[BaseTool],
    text: str,
    *,
    fails: bool,
    limits: Limits = LIMITS,
) -> str:
    """What the user reads."""
    model = select("openai:m", server.url, SECRET, limits)
    build: Any = chat.build if graph == "chat" else planner.build
    compiled = build(model, tools).compile()
    config: Any = {"configurable": {"thread_id": "c-1"}}
    if fails:
        with pytest.raises(ModelFault) as raised:
            await compiled.ainvoke({"messages": [HumanMessage(text)]}, config)
        return str(raised.value)
    state = await compiled.ainvoke({"messages": [HumanMessage(text)]}, config)
    return str(state["messages"][-1].text)
