"""How much of a conversation a provider's model is sent. Pure."""

from collections.abc import Sequence

from langchain_core.messages import (
    BaseMessage,
    HumanMessage,
    SystemMessage,
    trim_messages,
)
from langchain_core.messages.utils import count_tokens_approximately


def fitting(messages: Sequence[BaseMessage], tokens: int) -> list[BaseMessage]:
    """The newest messages that come to no more than `tokens`, whole turns, behind the system message.

    The last turn always stays, so what is asked now is asked in any case.
    """
    if count_tokens_approximately(messages) <= tokens:
        return list(messages)
    kept = trim_messages(
        list(messages),
        max_tokens=tokens,
        token_counter=count_tokens_approximately,
        strategy="last",
        start_on="human",
        include_system=True,
    )
    least = _last_turn(messages)
    return kept if len(kept) > len(least) else least


def halved(messages: Sequence[BaseMessage]) -> list[BaseMessage] | None:
    """The messages without about half of their tokens; None where only the last turn is left."""
    shorter = fitting(messages, count_tokens_approximately(messages) // 2)
    return shorter if len(shorter) < len(messages) else None


def _last_turn(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    last = max((n for n, message in enumerate(messages) if isinstance(message, HumanMessage)), default=0)
    system = [message for message in messages[:last] if isinstance(message, SystemMessage)]
    return [*system, *messages[last:]]
