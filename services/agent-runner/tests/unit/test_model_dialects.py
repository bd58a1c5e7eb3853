"""Each line of docs/models.md that starts Parley on a model, against a server that speaks as the provider."""

import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage
from langchain_core.tools import BaseTool
from tests.model_dialects import OVERFLOW, Anthropic, Dialect, LiteLlm, Ollama, OpenAI, Vllm
from tests.model_server import Behaviour, ModelServer, Write, serving

from agent_runner.agents.graphs import chat
from agent_runner.agents.models.select import UnknownModel, usable
from agent_runner.engine.faults import ModelFault, sentence
from agent_runner.settings import RunnerSettings
from chassis.settings import load

DOCS: Final = Path(__file__).parents[4] / "docs" / "models.md"
OWN_ADDRESSES: Final = {"OPENAI_BASE_URL": "/v1", "ANTHROPIC_BASE_URL": "", "OLLAMA_HOST": ""}
"""Where a provider's library looks for it that is told no address, each with the path behind the host."""
SPEAKS: Final[dict[str, tuple[Dialect, str]]] = {
    "OpenAI": (OpenAI(), "/v1/chat/completions"),
    "Azure OpenAI": (OpenAI(), "/openai/v1/chat/completions"),
    "vLLM": (Vllm(), "/v1/chat/completions"),
    "LiteLLM": (LiteLlm(), "/v1/chat/completions"),
    "any OpenAI-compatible address": (OpenAI(), "/v1/chat/completions"),
    "Anthropic": (Anthropic(), "/v1/messages"),
    "Ollama": (Ollama(), "/api/chat"),
}
LINES: Final = dict(re.findall(r"(?m)^\| ([^|]+) \| `([^`|]+) parley up` \|", DOCS.read_text("utf-8")))
WORDS: Final = ("Sofia ", "is ", "in ", "Rome.")


def test_every_provider_has_its_line() -> None:
    assert LINES.keys() == SPEAKS.keys()


@pytest.mark.parametrize("where", SPEAKS)
async def test_a_reply_is_streamed_and_tools_are_called(
    where: str, tools: list[BaseTool], monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect, path = SPEAKS[where]

    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        if number == 2:  # after the probe
            await dialect.call(write, body, "find_contacts", {"region": "Rome"})
        else:
            await dialect.say(write, body, *WORDS)

    async with started(where, behave, monkeypatch) as (model, server):
        graph = chat.build(model, tools).compile()
        asked = {"messages": [HumanMessage("who is in Rome?")]}
        parts: list[Any] = [part async for part in graph.astream(asked, stream_mode=["custom", "values"])]

    tokens = [part["token"].text for mode, part in parts if mode == "custom"]
    messages = next(part for mode, part in reversed(parts) if mode == "values")["messages"]
    assert [token for token in tokens if token] == list(WORDS)
    assert messages[-1].text == "".join(WORDS)
    assert "sofia.rossi@lumen-optics.example" in messages[2].text
    assert {head.split()[1] for head in server.heads} == {path}
    assert all("tools" in body for body in server.asked[1:])
    for key in re.findall(r"PARLEY_MODEL_KEY=(\S+)", LINES[where]):
        assert all(key.lower() in head for head in server.heads)


@pytest.mark.parametrize("where", SPEAKS)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, "busy"),
        (500, "down"),
        (401, "denied"),
        (404, "missing"),
        (400, "rejected"),
        (OVERFLOW, "too_long"),
    ],
)
async def test_an_error_is_told_plainly(
    where: str, status: int | str, kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect, _ = SPEAKS[where]

    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        if number == 1:
            await dialect.say(write, body, *WORDS)
        else:
            await dialect.refuse(write, status, "a reason that is the operator's")

    monkeypatch.setenv("PARLEY_MODEL_RETRIES", "0")
    async with started(where, behave, monkeypatch) as (model, _):
        with pytest.raises(ModelFault) as raised:
            await model.ainvoke([HumanMessage("hello")])

    assert (raised.value.kind, str(raised.value)) == (kind, sentence(kind, "en"))


@pytest.mark.parametrize("where", SPEAKS)
async def test_an_answer_that_is_not_whole_is_marked(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dialect, _ = SPEAKS[where]

    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        if number == 2:
            await dialect.say(write, body, *WORDS, cut=True)
        elif number == 3:
            await dialect.shortened(write, body, *WORDS)
        else:
            await dialect.say(write, body, *WORDS)

    async with started(where, behave, monkeypatch) as (model, _):
        cut, shortened = [await model.ainvoke([HumanMessage("hello")]) for _ in range(2)]

    said = "".join(WORDS)
    assert cut.text == f"{said}\n\n{sentence('cut', 'en')}"
    assert shortened.text == f"{said}\n\n{sentence('truncated', 'en')}"


@pytest.mark.parametrize("where", SPEAKS)
@pytest.mark.parametrize(("status", "kind"), [(401, "denied"), (404, "missing")])
async def test_a_wrong_key_or_model_stops_the_start_with_one_line(
    where: str, status: int, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialect, _ = SPEAKS[where]

    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        await dialect.refuse(write, status, "no")

    with pytest.raises(UnknownModel, match=f"can't be used: {kind}: ") as raised:
        async with started(where, behave, monkeypatch):
            pass

    assert "\n" not in str(raised.value)


@asynccontextmanager
async def started(
    where: str, behaviour: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[BaseChatModel, ModelServer]]:
    """The model that agent-runner starts with where the documented line is its environment."""
    async with serving(behaviour) as server:
        for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            monkeypatch.delenv(variable, raising=False)
        for variable, path in OWN_ADDRESSES.items():
            monkeypatch.setenv(variable, server.origin + path)
        for assignment in shlex.split(LINES[where]):
            name, _, value = assignment.partition("=")
            here = server.origin + urlsplit(value).path if "://" in value else value
            monkeypatch.setenv(name, here)
        model, _ = await usable(load(RunnerSettings))
        yield model, server
