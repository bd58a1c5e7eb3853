"""Which chat model answers, by the name in the settings."""

from typing import Final

from langchain_core.language_models import BaseChatModel

from agent_runner.agents.models.embedded import EmbeddedChatModel
from chassis.settings import WrongSetting, in_one_line

EMBEDDED: Final = "embedded"


class UnknownModel(WrongSetting):
    """The setting names no model that can be loaded; the text says what is wrong with it."""


def select(name: str | None = None) -> BaseChatModel:
    """The embedded model, or a provider's by `init_chat_model` name such as ``openai:gpt-5``.

    A provider's library is imported only here, once it is asked for: each costs a second and 20 MB.

    Raises:
        UnknownModel: if the name has no provider, its library is missing, or it refuses its settings.
    """
    if not name or name == EMBEDDED:
        return EmbeddedChatModel()
    provider, separator, model = name.partition(":")
    if not (provider and separator and model):
        raise UnknownModel(f"PARLEY_MODEL: {name!r} must be {EMBEDDED!r} or <provider>:<model>")
    from langchain.chat_models import init_chat_model  # see above

    try:
        chat_model: BaseChatModel = init_chat_model(model, model_provider=provider)
    except Exception as error:  # whatever a provider's library raises without its key or with a bad one
        raise UnknownModel(f"PARLEY_MODEL: {name!r} can't be loaded: {in_one_line(error)}") from error
    return chat_model
