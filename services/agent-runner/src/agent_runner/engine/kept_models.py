"""What chat models answer within nodes, kept so that no model is asked twice, whichever process goes on.

A model that is invoked is kept by LangChain's cache of models, one that a node streams by what is laid around
`BaseChatModel.stream` and `astream`, which look into no cache.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final

from langchain_core.caches import RETURN_VAL_TYPE, BaseCache
from langchain_core.globals import get_llm_cache, set_llm_cache
from langchain_core.language_models import BaseChatModel
from langchain_core.load import dumps
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from agent_runner.engine.effects import Effects, encoded, keeping

_STREAMED: Final = "streamed model"
_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")
_KEPT: Final = "_parley_keeps_calls"


def keep_model_calls() -> None:
    """Keep what chat models answer in runs of this process."""
    if not isinstance(below := get_llm_cache(), KeptModelCalls):
        set_llm_cache(KeptModelCalls(below))
    if not hasattr(BaseChatModel.astream, _KEPT):
        # LangChain has no hook for a model that is streamed.
        BaseChatModel.astream = _kept_astream(BaseChatModel.astream)  # type: ignore[method-assign]
        BaseChatModel.stream = _kept_stream(BaseChatModel.stream)  # type: ignore[method-assign]


class KeptModelCalls(BaseCache):
    """LangChain's cache of models, with the run's log for its memory: an answer is for the same call only."""

    def __init__(self, below: BaseCache | None) -> None:
        """`below` is the cache that was set before."""
        self._below = below

    async def alookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """What an earlier attempt was answered."""
        kept = self._kept(prompt, llm_string)
        return kept or (await self._below.alookup(prompt, llm_string) if self._below else None)

    async def aupdate(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Keep an answer."""
        effects, messages = keeping(), _messages(return_val)
        if effects is not None and messages:
            await effects.keep("model", _call(prompt, llm_string), messages)
        if self._below:
            await self._below.aupdate(prompt, llm_string, return_val)

    def lookup(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        """What an earlier attempt was answered, for a thread of a node."""
        kept = self._kept(prompt, llm_string)
        return kept or (self._below.lookup(prompt, llm_string) if self._below else None)

    def update(self, prompt: str, llm_string: str, return_val: RETURN_VAL_TYPE) -> None:
        """Keep an answer that a thread of a node was given."""
        effects, messages = keeping(), _messages(return_val)
        if effects is not None and messages:
            effects.keep_from_thread("model", _call(prompt, llm_string), messages)
        if self._below:
            self._below.update(prompt, llm_string, return_val)

    def _kept(self, prompt: str, llm_string: str) -> RETURN_VAL_TYPE | None:
        effects = keeping()
        if effects is None:
            return None
        found, is_known = effects.known("model", _call(prompt, llm_string))
        return [ChatGeneration(message=message) for message in found] if is_known else None

    def clear(self, **kwargs: Any) -> None:
        """The log forgets nothing."""


def _call(prompt: str, llm_string: str) -> bytes:
    """A call by what is asked of which model; where an object lies in memory is no part of that."""
    return encoded((prompt, _ADDRESS.sub("", llm_string)), {})


def _messages(generations: Sequence[Any]) -> list[Any]:
    """What chat models said; nothing where one of them is no chat model's."""
    messages = [getattr(generation, "message", None) for generation in generations]
    return [] if None in messages else messages


class _Replayed(BaseChatModel):
    """Streams what another model has said, with that model's callbacks and tags."""

    said: AIMessageChunk

    @property
    def _llm_type(self) -> str:
        return "replayed"

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    def _stream(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> Iterator[ChatGenerationChunk]:
        yield ChatGenerationChunk(message=self.said)


@dataclass(slots=True)
class _Stream:
    """What a model says or, as an earlier attempt knows it, has said.

    Attributes:
        model: who says it.
        effects: what is to keep it; None where that is kept already, or not to be kept.
        call: by which it is kept.
    """

    model: BaseChatModel
    effects: Effects | None = None
    call: bytes = b""
    _chunks: list[AIMessageChunk] = field(default_factory=list)

    def take(self, chunk: AIMessageChunk) -> None:
        """Remember a piece that is to be kept."""
        if self.effects:
            self._chunks.append(chunk)

    @property
    def whole(self) -> AIMessageChunk | None:
        """All the pieces in one."""
        return self._chunks[0] + self._chunks[1:] if self._chunks else None


def _kept_astream(astream: Callable[..., AsyncIterator[AIMessageChunk]]) -> Any:
    @wraps(astream)
    async def kept(
        self: BaseChatModel,
        input: Any,  # noqa: A002 - callers name it
        config: Any = None,
        *,
        stop: Any = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        said = _stream_of(self, input, stop, kwargs, is_async=True)
        async for chunk in astream(said.model, input, config, stop=stop, **kwargs):
            said.take(chunk)
            yield chunk
        if said.effects:
            await said.effects.keep(_STREAMED, said.call, said.whole)

    setattr(kept, _KEPT, True)
    return kept


def _kept_stream(stream: Callable[..., Iterator[AIMessageChunk]]) -> Any:
    @wraps(stream)
    def kept(
        self: BaseChatModel,
        input: Any,  # noqa: A002 - callers name it
        config: Any = None,
        *,
        stop: Any = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        said = _stream_of(self, input, stop, kwargs, is_async=False)
        for chunk in stream(said.model, input, config, stop=stop, **kwargs):
            said.take(chunk)
            yield chunk
        if said.effects:
            said.effects.keep_from_thread(_STREAMED, said.call, said.whole)

    setattr(kept, _KEPT, True)
    return kept


def _stream_of(
    model: BaseChatModel, given: Any, stop: Any, kwargs: dict[str, Any], *, is_async: bool
) -> _Stream:
    """The stream that a model is asked for; not kept here where the model is invoked instead."""
    if isinstance(model, _Replayed) or model.cache is False:
        return _Stream(model)
    streams = model._should_stream(async_api=is_async, **{**kwargs, "stream": True})
    if not streams or (effects := keeping()) is None:
        return _Stream(model)
    call = _asked(model, given, stop, kwargs)
    said, is_known = effects.known(_STREAMED, call)
    if not is_known:
        return _Stream(model, effects, call)
    return _Stream(_Replayed(said=said, callbacks=model.callbacks, tags=model.tags, metadata=model.metadata))


def _asked(model: BaseChatModel, given: Any, stop: Any, kwargs: dict[str, Any]) -> bytes:
    messages = model._convert_input(given).to_messages()
    prompt = dumps([message.model_copy(update={"id": None}) for message in messages])
    return _call(prompt, model._get_llm_string(stop=stop, **kwargs))
