"""What clients of OpenAI's API send and get.

A request is refused where it asks for what a graph cannot give. How a model samples is the graph's own
affair, so such settings are taken and change nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

PROTOCOL: Final = "openai"
MAX_MESSAGES: Final = 1000
_ROLES: Final = {"user": "human", "assistant": "ai", "system": "system", "developer": "system"}


class ChatMessage(BaseModel):
    """One message of the list that a client sends."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """Its content as text."""
        if isinstance(self.content, str) or self.content is None:
            return self.content or ""
        return "".join(str(part.get("text", "")) for part in self.content)

    def as_input(self) -> dict[str, Any]:
        """The message as LangChain has it; parts that are no text as they are."""
        content = self.content if self.content is not None else ""
        return {"type": _ROLES[self.role], "content": content}


class StreamOptions(BaseModel):
    """How a stream ends."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body of ``POST /v1/chat/completions``."""

    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    messages: list[ChatMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    metadata: dict[str, str] | None = None
    user: str | None = None
    n: int | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None
    response_format: dict[str, Any] | None = None
    logprobs: bool | None = None
    audio: Any = None

    def refusal(self) -> tuple[str, str] | None:
        """What of the request cannot be done: the parameter, and why; None if all can."""
        if self.n not in (None, 1):
            return "n", "only one answer is given"
        if self.tools or self.functions:
            return "tools" if self.tools else "functions", "the agent has its own tools, which run here"
        if self.response_format and self.response_format.get("type") != "text":
            return "response_format", "the form of the answer is the agent's own"
        if self.logprobs:
            return "logprobs", "the agent does not tell them"
        if self.audio is not None:
            return "audio", "the answer is text"
        return None


def completion(identity: str, created: int, model: str, text: str, usage: Any) -> dict[str, Any]:
    """A whole answer."""
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    answer = {
        "id": f"chatcmpl-{identity}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [choice],
    }
    return answer | ({"usage": usage} if usage else {})


def chunk(
    identity: str, created: int, model: str, delta: Mapping[str, Any] | None, *, ends: bool = False
) -> dict[str, Any]:
    """A piece of an answer; without a delta one that has no choices."""
    choices: Sequence[dict[str, Any]] = ()
    if delta is not None:
        reason = "stop" if ends else None
        choices = ({"index": 0, "delta": dict(delta), "finish_reason": reason, "logprobs": None},)
    return {
        "id": f"chatcmpl-{identity}",
        "object": "chat.completion.chunk",
        "created": created,
        "model": model,
        "choices": list(choices),
    }


def usage_of(told: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    """What the models of a run have used together; None if none has told."""
    if not told:
        return None
    names = {"prompt_tokens": "input_tokens", "completion_tokens": "output_tokens"}
    counts = {name: sum(int(each.get(own) or 0) for each in told) for name, own in names.items()}
    return counts | {"total_tokens": sum(counts.values())}


def models(names: Sequence[str]) -> dict[str, Any]:
    """The list of models."""
    return {"object": "list", "data": [model(name) for name in names]}


def model(name: str) -> dict[str, Any]:
    """One model."""
    return {"id": name, "object": "model", "created": 0, "owned_by": "parley"}


def failure(
    message: str,
    *,
    kind: str = "invalid_request_error",
    param: str | None = None,
    code: str | None = None,
) -> dict[str, Any]:
    """The body of an error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}
