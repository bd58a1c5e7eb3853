"""What the planner asks a chat model for. Pure.

The fields' descriptions are what a provider's model reads; the embedded model fills them by rules.
"""

from typing import Any, Final, Literal

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
    """Several tool calls of which one needs the result of another. Not for calls that stand alone."""

    goal: str = Field(description="one sentence in the user's language")
    steps: list[PlannedStep] = Field(
        default_factory=list,
        max_length=MAX_STEPS,
        description="in order; numbers of steps count from the first of this turn",
    )


class Agreement(BaseModel):
    """What a person's answer says to the question whether a step shall be carried out."""

    verdict: Literal["yes", "no", "change", "unclear"] = Field(
        default="unclear",
        description="yes only for an explicit agreement to this very step; no for a refusal; change where "
        "other values are asked for in the step's arguments; unclear for doubt, conditions, questions, irony "
        "and everything else",
    )
    arguments: dict[str, Any] | None = Field(
        default=None, description="with change: all arguments of the step, the wish worked in"
    )
