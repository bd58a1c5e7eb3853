"""Models besides the first one, which a new conversation may choose."""

from typing import Any

import pytest
from pydantic import SecretStr
from tests.model_server import Write, refuse, serving

from agent_runner.agents.graphs import Agents
from agent_runner.agents.models import others
from agent_runner.agents.models.embedded import EmbeddedChatModel
from agent_runner.agents.models.select import UnknownModel
from agent_runner.settings import RunnerSettings


async def test_they_serve_the_graphs_once_more() -> None:
    settings = RunnerSettings(models="embedded")
    models, told = await others(settings)
    assert told == ["model embedded: embedded, needs no key"]

    async def call(*_: Any, **__: Any) -> Any:
        raise AssertionError("nothing is called")

    served = Agents(settings, EmbeddedChatModel(), models).graphs([], call)
    assert served.keys() == {"planner", "chat", "planner-embedded", "chat-embedded"}


@pytest.mark.parametrize("models", ["embedded,embedded", "openai:/"])
async def test_each_needs_a_name_of_its_own(models: str) -> None:
    with pytest.raises(UnknownModel, match="PARLEY_MODELS"):
        await others(RunnerSettings(models=models))


@pytest.mark.parametrize(
    ("models", "said"),
    [
        ("nowhere", "PARLEY_MODELS 'nowhere' must be"),
        ("nobody:x", "PARLEY_MODELS 'nobody:x' can't be loaded"),
        ("openai:small", "PARLEY_MODELS 'openai:small' needs a key: set OPENAI_API_KEY$"),
    ],
)
async def test_what_cannot_be_used_is_named_with_its_setting(
    models: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UnknownModel, match=said):
        await others(RunnerSettings(models=models))


async def test_one_of_the_same_provider_has_its_address_and_key() -> None:
    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        assert body["model"] == "small"
        await refuse(write, 401, "no")

    async with serving(behave) as server:
        settings = RunnerSettings(
            model="openai:large",
            models="openai:small",
            model_url=f"{server.origin}/v1",
            model_key=SecretStr("a-key"),
        )
        with pytest.raises(UnknownModel, match="PARLEY_MODELS 'openai:small' can't be used: denied"):
            await others(settings)
