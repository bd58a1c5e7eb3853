"""What the planner asks a chat model for, and the yes or no in a person's answer. Pure.

The fields' descriptions are what a provider's model reads; the embedded model fills them by rules.
"""

import re
from typing import Any, Final

from pydantic import BaseModel, Field

MAX_STEPS: Final = 20
ANSWERS: Final = "answers"
"""Key in a human message's `additional_kwargs`: the question that the message answers."""


class Intent(BaseModel):
    """What the user wants with the last message, in the light of the conversation."""

    kind: str = Field(description="one word, such as analysis, contacts, draft, greeting")
    language: str = Field(description="language of the last message: ko or en")
    goal: str = Field(description="one sentence in the user's language about what is wanted")
    details: dict[str, Any] = Field(
        default_factory=dict, description="names, years, filters that were mentioned"
    )


class PlannedStep(BaseModel):
    """One tool call."""

    type: str = Field(description="search, analyze, document, send, delete or another word for it")
    tool: str = Field(description="name of the tool to call")
    description: str = Field(description="what the step is for, in the user's language")
    arguments: dict[str, Any] = Field(
        default_factory=dict,
        description='the tool\'s arguments; "$step_1" stands for the result of the first step',
    )


class Plan(BaseModel):
    """The tool calls that answer the user; no steps where the answer needs no tool."""

    goal: str = Field(description="one sentence in the user's language")
    steps: list[PlannedStep] = Field(default_factory=list, max_length=MAX_STEPS)


class Revision(BaseModel):
    """A waiting step's arguments after the user's answer; none where the answer asks for no change to it."""

    arguments: dict[str, Any] | None = Field(
        default=None, description="all arguments of the step, with the change"
    )


_YES: Final = re.compile(
    r"^\W*(?:네|예|응|그래(?:요)?|좋아(?:요)?|좋습니다|진행(?:해)?(?:줘|주세요|요|합니다|하세요)?"
    r"|승인(?:합니다|해요)?|동의(?:합니다)?|확인"
    r"|yes|yep|yeah|y|ok|okay|sure|approved?|go ahead|please do|do it|proceed|confirm(?:ed)?)"
    r"(?:[\s,.!]*(?:네|예|진행(?:해)?\s?(?:줘|주세요|요)?|부탁(?:해요|합니다|드립니다)?|좋아요|좋습니다|승인합니다"
    r"|please|go ahead|do it))*\W*$",
    re.IGNORECASE,
)
_NO: Final = re.compile(
    r"^\W*(?:아니(?:요|오|야)?|아뇨|싫어(?:요)?|안\s?돼(?:요)?|안\s?됩니다|하지\s?마(?:세요|요)?"
    r"|취소(?:해)?(?:줘|주세요|요|합니다)?|거절(?:합니다)?|거부(?:합니다)?|그만(?:해요|두세요)?|중단(?:해\s?주세요)?"
    r"|no|nope|n|don'?t|do not|stop|cancel|refuse|reject(?:ed)?|never ?mind)"
    r"(?:[\s,.!]*(?:하지\s?마세요|취소(?:해)?\s?(?:줘|주세요)?|괜찮아요|괜찮습니다|됐어요"
    r"|thanks?|thank you|do(?:n'?t| not)?|it|that|please))*\W*$",
    re.IGNORECASE,
)


def verdict(answer: str) -> bool | None:
    """Whether the text means yes or no; None where it says something else."""
    if _YES.match(answer):
        return True
    return False if _NO.match(answer) else None
