"""What a run took of the models that it asked."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.run import RunEvent


class ModelUsage(BaseModel):
    """What one chat model was given and gave in a run, as its provider counts.

    Attributes:
        model: its name.
        calls: how often it answered.
    """

    model_config = ConfigDict(frozen=True)

    model: str
    calls: int
    input_tokens: int
    output_tokens: int


class RunMetered(RunEvent):
    """The tokens that an attempt used, of models that report them; it comes with the end of the run.

    Attributes:
        usage: by model; answers that were kept from an earlier attempt count too.
    """

    type: ClassVar[str] = "run.metered"

    usage: tuple[ModelUsage, ...] = Field(min_length=1)
