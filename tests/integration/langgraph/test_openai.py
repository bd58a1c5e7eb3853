"""OpenAI's official clients: a graph is a model."""

from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import openai
import pytest

SAID = [{"role": "user", "content": "hi there"}]


@pytest.fixture
async def client(url: str) -> AsyncIterator[Any]:
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none-is-asked-for", max_retries=0) as opened:
        yield opened


async def test_graphs_are_models(client: Any) -> None:
    assert {"planner", "chat", "lgchat"} <= {model.id async for model in client.models.list()}
    assert (await client.models.retrieve("ask")).id == "ask"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("nobody")


async def test_an_answer_whole_and_as_it_is_made(client: Any) -> None:
    whole = await client.chat.completions.create(model="lgchat", messages=SAID, temperature=0.1)
    assert whole.choices[0].message.content == "You said: hi there"
    assert whole.usage.total_tokens == 7
    options = {"include_usage": True}
    stream = await client.chat.completions.create(
        model="lgchat", messages=SAID, stream=True, stream_options=options
    )
    chunks = [chunk async for chunk in stream]
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices]
    assert [piece for piece in pieces if piece] == ["You", " said:", " hi", " there"]
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].usage.completion_tokens == 4


async def test_a_request_without_a_thread_is_kept_nowhere(client: Any) -> None:
    await client.chat.completions.create(model="lgchat", messages=[{"role": "user", "content": "remember"}])
    again = await client.chat.completions.create(model="lgchat", messages=SAID)
    assert "remember" not in again.choices[0].message.content


async def test_a_thread_goes_on_and_a_question_is_the_answer(client: Any) -> None:
    thread = {"thread_id": str(uuid4())}
    for said in ("first", "second"):
        answer = await client.chat.completions.create(
            model="lgchat", messages=[{"role": "user", "content": said}], metadata=thread
        )
        assert answer.choices[0].message.content == f"You said: {said}"
    thread = {"thread_id": str(uuid4())}
    answers = [
        await client.chat.completions.create(
            model="planner", messages=[{"role": "user", "content": said}], metadata=thread
        )
        for said in ("계약서를 작성해줘", "네")
    ]
    asked, done = (answer.choices[0].message.content for answer in answers)
    assert asked.endswith("?")
    assert done
    assert done != asked


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("n", 2),
        ("tools", [{"type": "function", "function": {"name": "x"}}]),
        ("response_format", {"type": "json_object"}),
    ],
)
async def test_what_cannot_be_given_is_refused(param: str, value: Any, client: Any) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        await client.chat.completions.create(model="lgchat", messages=SAID, **{param: value})
    assert refused.value.param == param


async def test_a_run_that_fails_is_an_error(client: Any) -> None:
    with pytest.raises(openai.InternalServerError, match="boom"):
        await client.chat.completions.create(model="fail", messages=SAID)


def test_the_client_for_javascript(node: Callable[..., Any], url: str) -> None:
    found = node("openai.mjs", url, "lgchat")
    assert found == {
        "whole": "You said: hi there",
        "pieces": ["You", " said:", " hi", " there"],
        "usage": 7,
        "refused": [400, "n"],
    }
