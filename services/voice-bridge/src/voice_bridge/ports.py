"""What a voice session needs from a speech engine, and an engine from the rest of the system."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from protocols.voice.wire import Voice
from voice_bridge.domain.answer import Answer
from voice_bridge.domain.language import Language
from voice_bridge.domain.speech import EngineEvent


class EngineError(Exception):
    """The engine cannot do what was asked; the message is fit for a user."""


class EngineSession(Protocol):
    """One talk with an engine. Methods are called by one task, `events` is read by one task.

    After `interrupt` returns no event of the interrupted reply follows but those already queued.
    A reply that was begun ends with `ReplyDone`, also when it fails.
    """

    async def open(self) -> None:
        """Get ready.

        Raises:
            EngineError: if the engine cannot be reached or started.
        """

    async def push_audio(self, pcm: bytes) -> None:
        """The user's speech: PCM16, mono, 24 kHz, any length."""

    @property
    def has_turn(self) -> bool:
        """Whether there is something of the user's that `commit` would end."""

    async def commit(self) -> None:
        """End the user's turn now; without speech nothing happens."""

    async def respond(self) -> None:
        """Answer now: what was said so far, or else whatever there is to say; nothing while answering."""

    async def interrupt(self, heard_ms: int, turn: str | None = None) -> None:
        """Stop the reply, of which the user heard this much.

        Args:
            turn: the turn that began over it, by which time the engine may be answering that turn; None
                for whatever reply there is.
        """

    async def prompt(self, name: str) -> None:
        """Say one of `domain.phrases` now, by its name; nothing while the engine answers."""

    def played(self, pcm: bytes, until: float) -> None:
        """Audio is on its way to the user, who hears it until then (monotonic seconds): it may come back."""

    async def update(self, voice: Voice) -> None:
        """Speak with another voice from the next sentence or reply on."""

    async def close(self) -> None:
        """Release everything and end `events`; may be called twice."""

    def events(self) -> AsyncIterator[EngineEvent]:
        """All that happens, until `close`."""


class Reply(Protocol):
    """Where `local` and `cascade` get the text of their replies."""

    def __call__(
        self, transcript: str | None, reply: str, language: Language, /
    ) -> AsyncIterator["str | Answer"]:
        """The reply to what the user said, in pieces of text or worded for the ear and whole.

        Args:
            transcript: None asks for a reply without new words; there may be none.
            reply: the id that the engine's events give this reply.
            language: of the talk.

        Raises:
            EngineError: if there is no reply to be had.
        """


@dataclass(frozen=True, slots=True)
class Said:
    """One message of the conversation so far; of the AI's only what was heard."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool of the agent, as a model is told of it.

    Attributes:
        parameters: JSON Schema of the arguments.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]


History: TypeAlias = Callable[[], Awaitable[Sequence[Said]]]
"""Reads the conversation so far, oldest first. Raises `EngineError` if the log does not tell."""

CallTool: TypeAlias = Callable[[str, str, Mapping[str, Any]], Awaitable[str]]
"""Runs a tool: the call's id, the tool's name, its arguments; gives the result as text for the model.

The same id is the same call, which is made once. Raises `EngineError` if the tool cannot be called.
"""


async def _no_history() -> Sequence[Said]:
    return ()


async def _no_tool(_call_id: str, name: str, _arguments: Mapping[str, Any]) -> str:
    raise EngineError(f"there is no tool {name!r}")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What one session of an engine is given.

    Attributes:
        reply: text of replies, for engines that have no model of their own.
        language: of the talk, where it is known before anything was said.
        history: seeds engines that hold the conversation themselves.
        tools: offered to engines that have a model of their own.
    """

    voice: Voice
    reply: Reply
    language: Language | None = None
    history: History = _no_history
    tools: Sequence[Tool] = ()
    call_tool: CallTool = field(default=_no_tool)


class Engine(Protocol):
    """Makes sessions; one for each process."""

    def session(self, surroundings: Surroundings) -> EngineSession:
        """A new session, not yet open."""

    async def close(self) -> None:
        """Release what the sessions share."""
