"""Which chat model answers, by the settings."""

import asyncio
import os
from typing import Any, Final

import re2
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from agent_runner.agents.models.embedded import EmbeddedChatModel
from agent_runner.agents.models.provider import Limits, ProviderChatModel
from agent_runner.engine.faults import hidden, kind_of, reason
from agent_runner.settings import RunnerSettings
from chassis.settings import WrongSetting, load

EMBEDDED: Final = "embedded"
ANSWERS: Final = "answers"
PROBE_SECONDS: Final = 10.0
_FIRST: Final = "PARLEY_MODEL"
_FURTHER: Final = "PARLEY_MODELS"
_KEYS: Final = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "azure_openai": "AZURE_OPENAI_API_KEY",
}
_URLS: Final = {"azure_openai": "azure_endpoint"}
"""What a provider's library calls the address, where that is not ``base_url``."""
_OWN_RETRIES: Final = {"openai", "anthropic", "azure_openai"}
"""Providers whose libraries would try again by themselves, in silence."""
_ONE_TOKEN: Final[dict[str, dict[str, Any]]] = {"ollama": {"options": {"num_predict": 1}}}
_NO_KEY: Final = "none"
_UNSPEAKABLE: Final = re2.compile(r"[^A-Za-z0-9._]+")
"""What the name of a tool may not have, which a graph is to MCP's clients."""


class UnknownModel(WrongSetting):
    """The settings name no model that can be used; the text says what is wrong with them."""


def select(
    name: str | None = None,
    url: str | None = None,
    key: str | None = None,
    limits: Limits | None = None,
    *,
    setting: str = _FIRST,
) -> BaseChatModel:
    """The embedded model, or a provider's by `init_chat_model` name such as ``openai:gpt-5``.

    A provider's library is imported only here, once it is asked for: each costs a second and 20 MB.

    Args:
        url: an address instead of the provider's own; a name without provider is OpenAI-compatible then.
        key: the provider's key instead of the one in the provider's own variable.
        setting: what named the model, for errors.

    Raises:
        UnknownModel: if the name has no provider, its library or its key is missing, or it refuses its
            settings.
    """
    if not name or name == EMBEDDED:
        return EmbeddedChatModel()
    provider, separator, model = name.partition(":")
    if not separator and url:
        provider, model = "openai", name
    elif not (provider and model):
        raise UnknownModel(f"{setting} {name!r} must be {EMBEDDED!r} or <provider>:<model>")
    options = _options(name, provider, url, key, setting)
    from langchain.chat_models import init_chat_model  # see above

    try:
        inner: BaseChatModel = init_chat_model(model, model_provider=provider, **options)
    except Exception as error:  # each provider's library has its own
        said = hidden(str(error).strip().partition("\n")[0]) or type(error).__name__
        raise UnknownModel(f"{setting} {name!r} can't be loaded: {said}") from error
    return ProviderChatModel(inner=inner, limits=limits or Limits())


def _options(name: str, provider: str, url: str | None, key: str | None, setting: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if url:
        options[_URLS.get(provider, "base_url")] = url
    variable = _KEYS.get(provider)
    if variable and not key and not os.environ.get(variable):
        elsewhere = url or (provider == "openai" and os.environ.get("OPENAI_BASE_URL"))
        if not elsewhere:
            keys = f"PARLEY_MODEL_KEY or {variable}" if setting == _FIRST else variable
            raise UnknownModel(f"{setting} {name!r} needs a key: set {keys}")
        key = _NO_KEY  # a server of one's own often wants none
    if key and variable:
        options["api_key"] = key
    if provider in _OWN_RETRIES:
        options["max_retries"] = 0
    return options


async def usable(settings: RunnerSettings) -> tuple[BaseChatModel, str]:
    """The model of the settings, having answered, or being in trouble that may pass; and which, in one line.

    Raises:
        UnknownModel: if the provider knows neither the key nor the model; else as `select`.
    """
    model = select(
        settings.model, settings.model_url, settings.model_key.get_secret_value(), _limits(settings)
    )
    return model, await _found(settings.model or EMBEDDED, model, _FIRST)


async def others(settings: RunnerSettings) -> tuple[dict[str, BaseChatModel], list[str]]:
    """The further models by names that can stand in a graph's name; and each in one line. Raises as `usable`.

    One of the provider of `PARLEY_MODEL` has its address and key, any other the provider's own.
    """
    known = (settings.model_url, settings.model_key.get_secret_value())
    provider = settings.model.partition(":")[0]
    models: dict[str, BaseChatModel] = {}
    told = [name for each in settings.models.split(",") if (name := each.strip())]
    for name in told:
        short = _UNSPEAKABLE.sub("-", name.rpartition(":")[2]).strip("-").lower()
        if not short or short in models:
            raise UnknownModel(f"{_FURTHER}: {name!r} has no name that no other has")
        url, key = known if name.partition(":")[0] == provider else ("", "")
        models[short] = select(name, url, key, _limits(settings), setting=_FURTHER)
    found = [_found(name, model, _FURTHER) for name, model in zip(told, models.values(), strict=True)]
    return models, await asyncio.gather(*found)


def _limits(settings: RunnerSettings) -> Limits:
    return Limits(settings.model_first_token, settings.model_retries, settings.model_history)


async def _found(name: str, model: BaseChatModel, setting: str) -> str:
    may_be_used, found = await probe(model)
    if not may_be_used:
        raise UnknownModel(f"{setting} {name!r} can't be used: {found}")
    return f"model {name}: {found}"


async def check() -> str:
    """What the model of the settings answered to one token's worth of asking.

    Raises:
        WrongSetting: if the settings do not fit, or the model did not answer.
    """
    settings = load(RunnerSettings)
    model = select(settings.model, settings.model_url, settings.model_key.get_secret_value())
    _, found = await probe(model)
    if isinstance(model, ProviderChatModel) and found != ANSWERS:
        raise UnknownModel(f"{settings.model}: {found}")
    _, more = await others(settings)
    return "; ".join([f"{settings.model or EMBEDDED}: {found}", *more])


async def probe(model: BaseChatModel) -> tuple[bool, str]:
    """Ask for one token: whether the model may be used, and what was found, in one line.

    Only a key or a model that the provider does not know makes it unusable; a provider that is busy or
    down now may answer later.
    """
    if not isinstance(model, ProviderChatModel):
        return True, "embedded, needs no key"
    provider = str(model._get_ls_params().get("ls_provider", ""))
    one = _ONE_TOKEN.get(provider, {"max_tokens": 1})
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await model.inner._agenerate([HumanMessage("Hi")], **one)
    except Exception as error:  # noqa: BLE001 - whatever a provider does wrong is what was to be found out
        kind = "slow" if isinstance(error, TimeoutError) else kind_of(error)
        return kind not in ("denied", "missing"), f"{kind or 'failed'}: {reason(error)}"
    return True, ANSWERS
