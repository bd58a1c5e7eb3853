"""A model's reply, each token passed on as it comes."""

from collections.abc import Sequence
from uuid import uuid4

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    BaseMessage,
    BaseMessageChunk,
    message_chunk_to_message,
)
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.config import get_stream_writer


class NoReply(RuntimeError):
    """The model ended its stream without a message."""


async def stream_reply(
    model: Runnable[LanguageModelInput, AIMessage], messages: Sequence[AnyMessage], config: RunnableConfig
) -> AIMessage:
    """The whole reply, with an id; see `stream_whole` and `finished`."""
    return finished(await stream_whole(model, messages, config))


async def stream_whole(
    model: Runnable[LanguageModelInput, AIMessage], messages: Sequence[AnyMessage], config: RunnableConfig
) -> BaseMessage | None:
    """All that the model says, added up; its chunks go to the stream writer as ``{"token": chunk}``."""
    write = get_stream_writer()
    whole: BaseMessage | None = None
    async for chunk in model.astream(list(messages), config):
        write({"token": chunk})
        whole = chunk if not isinstance(whole, BaseMessageChunk) else whole + chunk
    return whole


def finished(whole: BaseMessage | None) -> AIMessage:
    """What was streamed as a message with an id.

    Raises:
        NoReply: if the model said nothing at all.
    """
    message = message_chunk_to_message(whole) if isinstance(whole, BaseMessageChunk) else whole
    if not isinstance(message, AIMessage):
        raise NoReply("the model gave no reply")
    message.id = message.id or f"msg-{uuid4()}"
    return message
