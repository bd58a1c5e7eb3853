"""A provider's chat model that says what went wrong, tries again what may pass, and loses nothing.

It is one chat model to whoever calls it: what is tried again, asked again or cut from the history stays
inside. Kinds of faults and their sentences are in `engine.faults`.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableBinding
from langchain_core.tools import BaseTool
from langgraph.config import get_config

from agent_runner.agents.models.hearing import FINISHED, Heard, is_refusal
from agent_runner.agents.models.history import fitting, halved
from agent_runner.engine.faults import (
    RETRIED,
    Kind,
    Language,
    ModelFault,
    kind_of,
    language_of,
    reason,
    retry_after,
    sentence,
)

logger = logging.getLogger(__name__)

LONGEST_WAIT: Final = 10.0
"""Seconds that a provider may ask to wait in silence; a longer wait is told to the user."""
FIRST_WAIT: Final = 0.5
_TELL_THE_END: Final = frozenset({"openai", "azure", "anthropic", "ollama"})
"""Providers whose streams say why they end; one that does not was cut."""
_MOST_HALVINGS: Final = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait, how often to try, and how much to send.

    Attributes:
        first_token: seconds until the first token, tries included, and between two tokens.
        retries: tries after the first.
        history: tokens, by rough count, of the conversation that are sent.
    """

    first_token: float = 60.0
    retries: int = 2
    history: int = 24_000


class ProviderChatModel(BaseChatModel):
    """`inner`, within `limits`."""

    inner: BaseChatModel
    limits: Limits = Limits()

    @property
    def _llm_type(self) -> str:
        return self.inner._llm_type

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return self.inner._get_ls_params(stop=stop, **kwargs)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with the tools in its provider's form."""
        choice = {} if tool_choice is None else {"tool_choice": tool_choice}
        bound = self.inner.bind_tools(tools, **choice, **kwargs)
        return self.bind(**bound.kwargs) if isinstance(bound, RunnableBinding) else bound

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self.inner._generate(messages, stop=stop, **kwargs)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        whole: ChatGenerationChunk | None = None
        async for chunk in self._astream(messages, stop, **kwargs):
            whole = chunk if whole is None else whole + chunk
        if whole is None:
            raise ModelFault("empty", _language(messages))
        return ChatResult(generations=[whole])

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Chunks of the answer, the last of them a mark where it is not whole.

        Raises:
            ModelFault: if there is no answer.
        """
        language = _language(messages)
        tools = frozenset(_name(tool) for tool in kwargs.get("tools", ()))
        asked, corrected = fitting(messages, self.limits.history), False
        while True:
            heard = Heard()
            async with aclosing(self._tried(asked, language, heard, {"stop": stop, **kwargs})) as answer:
                async for chunk in answer:
                    yield chunk
            mistake = heard.mistake(tools)
            if mistake is None or heard.finish in FINISHED:
                break
            self._log("unusable", mistake)
            if corrected:
                raise ModelFault("unusable", language)
            asked, corrected = [*asked, HumanMessage(f"{mistake} Please answer again.")], True
        if heard.mistake(tools):
            raise ModelFault(FINISHED[heard.finish], language)
        for chunk in heard.calls:
            yield chunk
        if mark := await self._mark(asked, heard, language, kwargs):
            yield mark

    async def _tried(
        self, messages: list[BaseMessage], language: Language, heard: Heard, kwargs: dict[str, Any]
    ) -> AsyncGenerator[ChatGenerationChunk]:
        """One answer: what fails before a word was said is tried again, as far as the limits go."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.limits.first_token
        tries = halvings = 0
        while True:
            try:
                async with aclosing(self._timed(messages, deadline, heard, kwargs)) as answer:
                    async for chunk in answer:
                        yield chunk
            except Exception as error:
                kind = "slow" if isinstance(error, TimeoutError) else kind_of(error)
                if kind is None:
                    raise
                self._log(kind, reason(error))
                if heard.said:
                    yield _words("\n\n" + sentence("cut", language))
                    heard.finish, heard.calls = "cut", []
                    return
                heard.calls = []
                shorter = halved(messages) if kind == "too_long" and halvings < _MOST_HALVINGS else None
                if shorter is not None:
                    messages, halvings = shorter, halvings + 1
                    continue
                asked = retry_after(error)
                wait = FIRST_WAIT * 2**tries if asked is None else asked
                late = loop.time() + wait >= deadline or wait > LONGEST_WAIT
                if kind not in RETRIED or tries >= self.limits.retries or late:
                    raise ModelFault(kind, language, asked) from error
                tries += 1
                await asyncio.sleep(wait * random.uniform(1, 1.2))  # noqa: S311 - only spreads the load
            else:
                return

    async def _timed(
        self, messages: list[BaseMessage], deadline: float, heard: Heard, kwargs: dict[str, Any]
    ) -> AsyncGenerator[ChatGenerationChunk]:
        loop = asyncio.get_running_loop()
        until = deadline
        async with aclosing(self.inner._astream(messages, **kwargs)) as stream:  # type: ignore[type-var]  # a generator
            while True:
                try:
                    async with asyncio.timeout_at(until):
                        chunk = await anext(stream)
                except StopAsyncIteration:
                    return
                until = loop.time() + self.limits.first_token
                if heard.take(chunk):
                    yield chunk

    async def _mark(
        self, messages: list[BaseMessage], heard: Heard, language: Language, kwargs: dict[str, Any]
    ) -> ChatGenerationChunk | None:
        """What to add to an answer that is not whole, or not there."""
        if heard.finish == "cut":
            return None
        kind = "refused" if heard.refused else FINISHED.get(heard.finish)
        if heard.said and not heard.finish and self._get_ls_params().get("ls_provider") in _TELL_THE_END:
            kind = "cut"
        if kind is None and not heard.said and not heard.calls:
            kind, text = await self._asked_whole(messages, kwargs)
            if text:
                return _words(text)
        if kind is None:
            return None
        self._log(kind, f"the answer ended with {heard.finish or 'nothing'!r}")
        return _words(("\n\n" if heard.said else "") + sentence(kind, language))

    async def _asked_whole(self, messages: list[BaseMessage], kwargs: dict[str, Any]) -> tuple[Kind, str]:
        """An answer that came empty, asked once more at once: providers' streams do not carry refusals."""
        try:
            async with asyncio.timeout(self.limits.first_token):
                result = await self.inner._agenerate(messages, **kwargs)
        except Exception as error:  # noqa: BLE001 - the first answer counts then, which was empty
            self._log("empty", reason(error))
            return kind_of(error) or "unusable", ""
        message = result.generations[0].message
        return ("refused", "") if is_refusal(message) else ("empty", message.text)

    def _log(self, kind: Kind, why: str) -> None:
        name = self._get_ls_params().get("ls_model_name", self._llm_type)
        logger.warning("conversation %s: model %s: %s: %s", _conversation(), name, kind, why)


def _language(messages: Sequence[BaseMessage]) -> Language:
    said = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    return language_of(said.text) if said else "en"


def _words(text: str) -> ChatGenerationChunk:
    return ChatGenerationChunk(message=AIMessageChunk(content=text))


def _name(tool: Any) -> str:
    """A tool's name in a provider's form: OpenAI's, or a flat one such as Anthropic's."""
    inner = tool.get("function") if isinstance(tool, dict) else None
    return str((inner or tool).get("name", "")) if isinstance(tool, dict) else ""


def _conversation() -> str:
    try:
        return str(get_config().get("configurable", {}).get("thread_id", "-"))
    except RuntimeError:  # outside of a graph
        return "-"
