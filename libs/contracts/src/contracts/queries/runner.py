"""What agent-runner is asked."""

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.events.run import Step
from contracts.queries.base import Query

SPOKEN_COMMANDS: Final = "runner.spoken_commands"


class SpokenCommandsQuery(Query):
    """What can be said to the agent, for recognizers that need a grammar."""


class SpokenCommands(BaseModel):
    """The answer to `SpokenCommandsQuery`.

    Attributes:
        phrases: such as ``get all contacts`` or ``email of {name}``; slots are ``{name}``, ``{number}``
            and ``{year}``.
        names: what ``{name}`` stands for.
    """

    model_config = ConfigDict(frozen=True)

    phrases: tuple[str, ...]
    names: tuple[str, ...] = ()


RUN_ONCE: Final = "runner.run_once"


class RunOnce(BaseModel):
    """Run a graph on a task and keep nothing."""

    model_config = ConfigDict(frozen=True)

    task: str
    graph: str = ""
    conversation: str | None = None


class RunOnceResult(BaseModel):
    """The steps in order."""

    model_config = ConfigDict(frozen=True)

    steps: tuple[Step, ...]


STATE: Final = "runner.state"


class StateQuery(BaseModel):
    """A graph's state at a checkpoint, the newest one unless it is named."""

    model_config = ConfigDict(frozen=True)

    conversation: str
    checkpoint_id: str | None = None


class StateFound(BaseModel):
    """The answer to `StateQuery`.

    Attributes:
        checkpoint_id: None if there is no such checkpoint.
        text: the state's JSON.
    """

    model_config = ConfigDict(frozen=True)

    checkpoint_id: str | None = None
    text: str = "{}"


CHECKPOINTS: Final = "runner.checkpoints"


class CheckpointsQuery(BaseModel):
    """The checkpoints of a conversation's graph, a page at a time."""

    model_config = ConfigDict(frozen=True)

    conversation: str
    offset: int = Field(default=0, ge=0)


class Checkpoints(BaseModel):
    """The answer to `CheckpointsQuery`: ids, the oldest first, and how many there are in all."""

    model_config = ConfigDict(frozen=True)

    checkpoint_ids: tuple[str, ...] = ()
    total: int = 0


FORK: Final = "runner.fork"


class Fork(BaseModel):
    """Begin a conversation from a checkpoint of another one."""

    model_config = ConfigDict(frozen=True)

    conversation: str
    checkpoint_id: str
    target: str


class Forked(BaseModel):
    """The answer to `Fork`."""

    model_config = ConfigDict(frozen=True)

    outcome: Literal["forked", "no_conversation", "no_checkpoint", "target_exists"]
