"""A session's ears and recognizer together: where turns begin and end, and when one is surely the user's."""

import asyncio
import time
from collections.abc import Callable, Iterator
from enum import Enum, auto
from typing import Final, Protocol, TypeAlias

from voice_bridge.domain.endpointing import Outlook, VadSettings
from voice_bridge.domain.remarks import is_backchannel
from voice_bridge.engines.echo import EchoGuard
from voice_bridge.engines.hearing import Heard, Hearing, TurnAudio, TurnBegan, TurnEnded
from voice_bridge.ports import EngineError

_BACKCHANNEL_MS: Final = 1000
"""A word that only says that one listens, drawn out for longer, interrupts."""


class Utterance(Protocol):
    """One turn of the user on its way to text. All but `text` are called in a thread."""

    def feed(self, pcm: bytes) -> None:
        """The next block, PCM16 at `HEARING_RATE`."""

    def outlook(self) -> Outlook:
        """What follows what was said so far; asked in silence, often."""

    def partial(self) -> str | None:
        """What was said so far; None where nobody knows before the end."""

    def end(self, silence_ms: int | None) -> None:
        """Nothing follows; so much silence was at the end, if anybody knows."""

    async def text(self) -> str:
        """What was said, empty if it was not understood; called once, after `end`.

        Raises:
            EngineError: if the recognizer failed.
        """


class Recognizer(Protocol):
    """Turns one session's speech into text."""

    async def open(self) -> None:
        """Get ready.

        Raises:
            EngineError: if it cannot.
        """

    def begin(self, *, may_choose: bool) -> Utterance:
        """A new turn; called in a thread, after the one before was ended.

        Args:
            may_choose: there is something that a bare number or "the next ones" can refer to.
        """

    def close(self) -> None:
        """Release what `open` took."""


class Certain(Enum):
    """The present turn is the user who takes the floor."""

    CERTAIN = auto()


Edges: TypeAlias = list[tuple[TurnBegan | TurnEnded | Certain, Utterance]]


class Listener:
    """The ears of one session.

    Attributes:
        is_over: the present turn began over a reply.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        vad: VadSettings,
        echo: EchoGuard,
        report: Callable[[Edges], None],
        is_talking_over: Callable[[], bool],
        may_choose: Callable[[], bool],
    ) -> None:
        """Put it together.

        Args:
            report: is told of the edges, on the event loop and in their order.
            is_talking_over: whether what begins now is said over a reply; asked in a thread.
            may_choose: see `Recognizer.begin`; asked in a thread.
        """
        self.is_over = False
        self._recognizer = recognizer
        self._vad = vad
        self._echo = echo
        self._report = report
        self._is_talking_over = is_talking_over
        self._may_choose = may_choose
        self._hearing: Hearing | None = None
        self._utterance: Utterance | None = None
        self._is_certain = False
        self._turn = asyncio.Lock()

    async def open(self) -> None:
        """Get ready.

        Raises:
            EngineError: if the recognizer cannot.
        """
        await self._recognizer.open()
        self._hearing = await asyncio.to_thread(Hearing, self._vad, time.monotonic, self._echo)

    async def push(self, pcm: bytes) -> None:
        """The next piece of audio (24 kHz); the work is done in a thread."""
        hearing = self._open_hearing()
        async with self._turn:
            self._report(await asyncio.to_thread(self._recognize, hearing, hearing.feed(pcm)))

    async def end_turn(self) -> None:
        """End the present turn by hand."""
        hearing = self._open_hearing()
        async with self._turn:
            self._report(await asyncio.to_thread(self._recognize, hearing, hearing.end_turn()))

    @property
    def in_turn(self) -> bool:
        """Whether there is a turn that `end_turn` would end."""
        return self._open_hearing().in_turn

    def close(self) -> None:
        """Release what `open` took."""
        # Megabytes outside of Python's heap, which does not know when to look for garbage.
        self._hearing = self._utterance = None
        self._recognizer.close()

    def _open_hearing(self) -> Hearing:
        if self._hearing is None:
            raise EngineError("the voice engine is not open")
        return self._hearing

    def _recognize(self, hearing: Hearing, heard: Iterator[Heard]) -> Edges:
        edges: Edges = []
        for event in heard:
            if isinstance(event, TurnBegan) or self._utterance is None:
                self._utterance = self._recognizer.begin(may_choose=self._may_choose())
                self._is_certain = not self._vad.enabled
                self.is_over = self._is_talking_over()
            if isinstance(event, TurnAudio):
                self._utterance.feed(event.pcm)
                if not self._is_certain and self._takes_floor(hearing, self._utterance):
                    self._is_certain = True
                    edges.append((Certain.CERTAIN, self._utterance))
                if hearing.is_settling:
                    outlook = self._utterance.outlook()
                    hearing.expect(outlook)
                    if outlook is Outlook.COMPLETE:
                        edges += self._recognize(hearing, hearing.end_turn())
                continue
            if isinstance(event, TurnEnded):
                self._utterance.end(event.silence_ms if self._vad.enabled else None)
            edges.append((event, self._utterance))
        return edges

    def _takes_floor(self, hearing: Hearing, utterance: Utterance) -> bool:
        if not hearing.is_certain:
            return False
        if not self.is_over or hearing.voiced_ms >= _BACKCHANNEL_MS:
            return True
        said = utterance.partial()
        return not said or not is_backchannel(said)
