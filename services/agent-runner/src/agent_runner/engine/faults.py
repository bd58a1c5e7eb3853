"""What went wrong with a chat model or a graph, as a kind and as a plain sentence for the person who waits.

A provider's own text is for the operator's log: it may name keys, organisations and inner workings.
"""

import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, Final, Literal, TypeAlias

from langchain_core.exceptions import ContextOverflowError, ModelError
from langgraph.errors import GraphRecursionError
from pydantic import ValidationError

from agent_runner.engine.answers import NotTaken
from agent_runner.engine.checkpointer.encoding import Unstorable
from agent_runner.engine.fitting import Unfit
from eventlog.ports import TooLarge

Kind: TypeAlias = Literal[
    "busy", "quota", "down", "slow", "refused", "too_long", "denied", "missing", "rejected", "unusable",
    "empty", "truncated", "filtered", "cut", "loop", "timeout",
]  # fmt: skip
Language: TypeAlias = Literal["ko", "en"]

_BY_STATUS: Final[dict[int, Kind]] = {
    401: "denied",
    403: "denied",
    404: "missing",
    408: "slow",
    413: "too_long",
    429: "busy",
    504: "slow",
    529: "busy",
}
RETRIED: Final = frozenset[Kind]({"busy", "down", "slow"})
_PROVIDERS: Final = frozenset(
    {
        "openai",
        "anthropic",
        "ollama",
        "httpx",
        "httpcore",
        "groq",
        "mistralai",
        "google",
        "botocore",
        "cohere",
    }
)
_SECRETS: Final = re.compile(r"\b(?:sk|org|proj|key|gsk|xai)-[\w*-]{3,80}|\bBearer \S{1,200}")
_HANGUL: Final = re.compile(r"[가-힣ㄱ-ㅎㅏ-ㅣᄀ-ᇿ]")
_REASON_CHARACTERS: Final = 500
_SENTENCES: Final[dict[Kind, tuple[str, str]]] = {
    "busy": (
        "모델이 지금 바쁩니다. {wait} 다시 시도해 주세요.",
        "The model is busy at the moment. Please try again {wait}.",
    ),
    "quota": (
        "모델 서비스의 사용 한도가 다 찼습니다. 운영자에게 알려 주세요.",
        "The quota of the model service is used up. Please tell whoever runs this service.",
    ),
    "down": (
        "모델 서비스에 연결할 수 없거나 서비스에 오류가 있습니다. 잠시 뒤에 다시 시도해 주세요.",
        "The model service failed or can't be reached. Please try again in a moment.",
    ),
    "slow": (
        "모델의 답이 너무 오래 걸려 기다리기를 멈췄습니다. 다시 시도해 주세요.",
        "The model took too long to answer. Please try again.",
    ),
    "refused": (
        "모델이 이 요청에 답하기를 거절했습니다.",
        "The model refused to answer this request.",
    ),
    "too_long": (
        "메시지가 모델이 읽을 수 있는 것보다 깁니다. 더 짧게 보내 주세요.",
        "The message is longer than the model can read. Please send a shorter one.",
    ),
    "denied": (
        "모델 서비스가 이 서비스의 접근을 허용하지 않았습니다. 운영자에게 알려 주세요.",
        "The model service did not let this service in. Please tell whoever runs it.",
    ),
    "missing": (
        "설정된 모델을 찾을 수 없습니다. 운영자에게 알려 주세요.",
        "The configured model was not found. Please tell whoever runs this service.",
    ),
    "rejected": (
        "모델 서비스가 요청을 받아들이지 않았습니다. 운영자에게 알려 주세요.",
        "The model service did not accept the request. Please tell whoever runs this service.",
    ),
    "unusable": (
        "모델의 답을 쓸 수 없었습니다. 다시 시도하거나 다르게 말해 주세요.",
        "The model's answer could not be used. Please try again or put it differently.",
    ),
    "empty": ("모델이 빈 답을 주었습니다.", "The model gave an empty answer."),
    "truncated": (
        "(답이 모델의 길이 한도에서 잘렸습니다.)",
        "(The answer was cut short at the model's length limit.)",
    ),
    "filtered": (
        "(제공자의 내용 필터가 답을 중단했습니다.)",
        "(The provider's content filter stopped the answer.)",
    ),
    "cut": (
        "(모델과의 연결이 끊겨 답이 여기서 멈췄습니다.)",
        "(The connection to the model broke, so the answer stops here.)",
    ),
    "loop": (
        "답에 이르지 못한 채 단계가 너무 많아져 멈췄습니다. 더 작은 요청으로 나누어 주세요.",
        "This took too many steps without an answer and was stopped. Please ask for less at once.",
    ),
    "timeout": ("실행이 너무 오래 걸렸습니다.", "the run took too long"),
}


_FOR_PEOPLE: Final = (NotTaken, Unfit, Unstorable, TooLarge)
"""Errors whose text was written for whoever waits."""
_UNTOLD: Final[dict[Language, str]] = {
    "ko": "답변하는 중에 오류가 났습니다. (오류 {})",
    "en": "Something went wrong while answering. (error {})",
}


UNTOLD: Final[ContextVar[Callable[[BaseException], str] | None]] = ContextVar("untold", default=None)
"""In a run whose errors people may not read: what they are told instead."""


class ModelFault(RuntimeError):
    """A chat model gave nothing to go on with. Its text is what the person may read.

    Attributes:
        retry_after: seconds that the provider asked to wait, if it did.
    """

    def __init__(self, kind: Kind, language: Language = "en", retry_after: float | None = None) -> None:
        super().__init__(sentence(kind, language, retry_after))
        self.kind: Final = kind
        self.retry_after: Final = retry_after


def sentence(kind: Kind, language: Language, retry_after: float | None = None) -> str:
    """What to tell the person."""
    korean, english = _SENTENCES[kind]
    if language == "ko":
        wait = "잠시 뒤에" if retry_after is None else f"약 {retry_after:.0f}초 뒤에"
        return korean.format(wait=wait)
    return english.format(
        wait="in a moment" if retry_after is None else f"in about {retry_after:.0f} seconds"
    )


def language_of(text: str) -> Language:
    """Korean when any Hangul is in it, else English."""
    return "ko" if _HANGUL.search(text) else "en"


def kind_of(error: BaseException) -> Kind | None:
    """What kind of fault it is; None for one that is neither a model's nor a graph's running in circles."""
    if isinstance(error, ModelFault):
        return error.kind
    if isinstance(error, GraphRecursionError):
        return "loop"
    if isinstance(error, ContextOverflowError):
        return "too_long"
    status, code = _status(error), str(getattr(error, "code", "") or "")
    if status is None and not _is_providers(error):
        return None
    if code == "insufficient_quota":
        return "quota"
    if code == "context_length_exceeded" or "context length" in str(error).casefold():
        return "too_long"
    if code == "content_filter":
        return "refused"
    if status is not None:
        return _BY_STATUS.get(status) or ("down" if status >= 500 else "rejected")
    return "slow" if "timeout" in type(error).__name__.casefold() else "down"


def retry_after(error: BaseException) -> float | None:
    """Seconds that a provider asks to wait, if it does."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    try:
        return float(headers.get("retry-after") or "")
    except ValueError:  # a date, or nothing
        return None


def told(error: BaseException, language: Language, error_id: str | None = None) -> str:
    """What the person may read of why a run failed: of a provider or of pydantic, never their own words.

    Args:
        error_id: stands for the text of what a graph raised; without it the text is for everybody.
    """
    if isinstance(error, ModelFault):
        return str(error)
    if isinstance(error, TimeoutError) and not str(error):
        return sentence("timeout", language)
    if isinstance(error, ValidationError):
        return invalid(error)
    for each in _causes(error):
        if kind := kind_of(each):
            return sentence(kind, language, retry_after(each))
    if error_id is not None and not isinstance(error, _FOR_PEOPLE):
        return _UNTOLD[language].format(error_id)
    return hidden(str(error)) or type(error).__name__


def invalid(error: ValidationError) -> str:
    """Which fields are wrong and how, without the values."""
    wrong = error.errors(include_url=False, include_input=False, include_context=False)
    fields = (f"{'.'.join(map(str, each['loc'])) or 'value'}: {each['msg']}" for each in wrong[:5])
    return f"{error.title}: {'; '.join(fields)}"


def reason(error: BaseException) -> str:
    """The provider's reason in one line for the operator's log, without keys."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    return hidden(text[:_REASON_CHARACTERS])


def hidden(text: str) -> str:
    """The text with what looks like a key or an organisation taken out."""
    return _SECRETS.sub("[hidden]", text)


def _status(error: BaseException) -> int | None:
    status: Any = getattr(error, "status_code", None)
    return status if isinstance(status, int) and 400 <= status < 600 else None


def _is_providers(error: BaseException) -> bool:
    roots = {kind.__module__.partition(".")[0] for kind in type(error).__mro__}
    return isinstance(error, ModelError) or bool(roots & _PROVIDERS)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen = 0
    cause: BaseException | None = error
    while cause is not None and seen < 5:
        yield cause
        cause, seen = cause.__cause__, seen + 1
