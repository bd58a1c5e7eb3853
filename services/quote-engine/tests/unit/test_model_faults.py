"""A chat model of a provider that fails: the rules answer alone, and the operator's log has the reason."""

import asyncio
import json
from typing import Any

import pytest
from tests.model_server import SECRET, Behaviour, Write, called, refuse, say, say_and, serving

from chassis.metrics import Metrics
from chassis.settings import WrongSetting
from quote_engine.adapters.chat_model import ChatModelListener
from quote_engine.answering import answer
from quote_engine.collection import load_collection
from quote_engine.domain.dialogue import Dialogue, StageReply
from quote_engine.domain.guidance import Guidance

COLLECTION = load_collection()
PATIENCE = 600.0
"""So that a loaded machine never ends what ends by itself."""
SAID = "팀장님 때문에 속상해요"
GUIDANCE = Guidance(
    crisis=False,
    emotion="anger",
    theme="work",
    category="resilience",
    said="팀장님과의 일",
    reply="팀장님과의 일로 마음이 상하셨군요. 무엇이 가장 속상하셨나요?",
)


def always(status: int, message: str, code: str | None = None, **headers: str) -> Behaviour:
    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        await refuse(write, status, message, code, **headers)

    return behave


def saying(*words: str, finish: str = "stop", **message: Any) -> Behaviour:
    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        await say(write, body, *words, finish=finish, **message)

    return behave


async def hang(write: Write, number: int, body: dict[str, Any]) -> None:
    await asyncio.Event().wait()


async def broken(write: Write, number: int, body: dict[str, Any]) -> None:
    await say_and(write, '{"crisis": fal')


async def captive(write: Write, number: int, body: dict[str, Any]) -> None:
    await write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    )


def calls(outcome: str) -> float:
    """How many calls of the model ended so, as Prometheus reads it."""
    return Metrics().registry.get_sample_value("parley_model_calls_total", {"outcome": outcome}) or 0


@pytest.mark.parametrize(
    ("behaviour", "logged"),
    [
        (always(429, f"pay {SECRET}", "insufficient_quota"), " 429 insufficient_quota"),
        (always(500, f"oops {SAID}"), " 500"),
        (always(401, f"wrong key {SECRET}"), " 401"),
        (always(404, "no such model"), " 404"),
        (always(400, "filtered", "content_filter"), " 400 content_filter"),
        (broken, "chat model"),
        (captive, "chat model"),
        (saying(), "the rules answer alone"),
        (saying(refusal="I can't help with that."), "the rules answer alone"),
        (saying("Sure, I am listening."), "the rules answer alone"),
        (saying('{"crisis": fal', finish="length"), "the rules answer alone"),
        (saying(tool_calls=[called("Guidance", "{")]), "the rules answer alone"),
    ],
)
async def test_the_rules_go_on_and_the_log_has_the_reason(
    behaviour: Behaviour, logged: str, caplog: pytest.LogCaptureFixture
) -> None:
    await given_up(behaviour)

    assert logged in caplog.text
    assert SECRET not in caplog.text
    assert SAID not in caplog.text


@pytest.mark.parametrize(
    "behaviour", [hang, always(429, f"limit of {SECRET}", "rate_limit_exceeded", Retry_After="90")]
)
async def test_the_rules_go_on_without_a_model_that_is_not_there_in_time(
    behaviour: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    # Where the call has come to when the time is over makes no difference, so that it may be short.
    await given_up(behaviour, patience=0.2)

    assert "took more than 0.2 s" in caplog.text
    assert SECRET not in caplog.text
    assert SAID not in caplog.text


async def given_up(behaviour: Behaviour, patience: float = PATIENCE) -> None:
    failed, answers = calls("failed"), calls("answered")
    async with serving(behaviour) as server:
        answered = await ask(ChatModelListener.of("openai:m", server.url, SECRET), patience)

    assert answered == await ask(None)
    assert (calls("failed"), calls("answered")) == (failed + 1, answers)


async def test_a_model_that_answers_is_listened_to() -> None:
    answers = calls("answered")
    async with serving(saying(json.dumps(GUIDANCE.model_dump()))) as server:
        answered = await ask(ChatModelListener.of("openai:m", server.url))

    assert isinstance(answered, StageReply)
    assert answered.mood.found_by == "model"
    assert calls("answered") == answers + 1


@pytest.mark.parametrize("status", [401, 404])
async def test_a_key_or_model_that_is_not_known_ends_the_start(status: int) -> None:
    async with serving(always(status, f"no {SECRET}")) as server:
        with pytest.raises(WrongSetting, match=rf"^PARLEY_MODEL can't be used: \w+ {status}( \w+)?$"):
            await ChatModelListener.of("openai:m", server.url).check()


@pytest.mark.parametrize(
    "behaviour", [always(429, "wait", Retry_After="90"), always(503, "down"), saying("Hi")]
)
async def test_one_that_is_busy_or_down_does_not(behaviour: Behaviour) -> None:
    async with serving(behaviour) as server:
        await ChatModelListener.of("openai:m", server.url).check()


async def ask(listener: ChatModelListener | None, patience: float = PATIENCE) -> Any:
    return await answer(
        Dialogue(),
        SAID,
        conversation="a:1",
        quotations=COLLECTION,
        reading_patience=PATIENCE,
        listener=listener,
        patience=patience,
    )
