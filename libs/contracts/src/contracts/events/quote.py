"""What the quote dialogue answered, and why. What was said to the user is in the run's `RunCompleted`."""

from typing import ClassVar, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.run import RunEvent

Language: TypeAlias = Literal["ko", "en"]
Category: TypeAlias = Literal["hope", "motivation", "productivity", "resilience"]
Emotion: TypeAlias = Literal[
    "sadness", "anxiety", "anger", "exhaustion", "loneliness", "discouragement", "joy", "neutral"
]
Theme: TypeAlias = Literal[
    "work",
    "study",
    "love",
    "family",
    "friends",
    "loss",
    "health",
    "money",
    "future",
    "self",
    "focus",
    "general",
]


class Mood(BaseModel):
    """How the user feels, over the whole talk so far.

    Attributes:
        category: the kind of quotation that fits.
        emotions: the weight of every emotion found, above 0; empty when none was.
        themes: the same for themes.
        found_by: the rules, or a chat model that was configured.
    """

    model_config = ConfigDict(frozen=True)

    emotion: Emotion
    theme: Theme
    category: Category
    emotions: dict[Emotion, float] = Field(default_factory=dict)
    themes: dict[Theme, float] = Field(default_factory=dict)
    found_by: Literal["rules", "model"] = "rules"


class Quote(BaseModel):
    """A quotation as clients see it."""

    model_config = ConfigDict(frozen=True)

    id: str
    text: str
    author: str
    category: Category


class Candidate(BaseModel):
    """A quotation that was considered; the highest score is given."""

    model_config = ConfigDict(frozen=True)

    quote_id: str
    score: float


class StageAnswered(RunEvent):
    """One message of a talk was answered; commits together with the run's completion.

    Attributes:
        user_id: the user; their last quotations must not be given again.
        stage: 1 to 4.
        language: the language of the reply.
        mood: how the user feels, as it was understood.
        quote: set at stage four only.
        candidates: the best considered, best first; empty before stage four.
    """

    type: ClassVar[str] = "quote.stage_answered"

    user_id: str | None = None
    stage: Literal[1, 2, 3, 4]
    language: Language
    mood: Mood
    quote: Quote | None = None
    candidates: tuple[Candidate, ...] = ()


class CrisisAnswered(RunEvent):
    """A message with words of crisis was answered with helplines; the talk stays at its stage.

    Attributes:
        user_id: who was answered.
        stage: the last stage answered in the talk, 0 for none.
        language: the language of the answer.
        sign: which rule saw it, or ``model``.
    """

    type: ClassVar[str] = "quote.crisis_answered"

    user_id: str | None = None
    stage: Literal[0, 1, 2, 3]
    language: Language
    sign: str
