"""Where speech begins and ends, from one probability per frame."""

from dataclasses import dataclass
from enum import Enum, auto
from math import ceil
from typing import Final

FRAME_MS: Final = 32
HYSTERESIS: Final = 0.15
"""Speech goes on while the probability is no further than this below the threshold."""


@dataclass(frozen=True, slots=True)
class VadSettings:
    """How server-side voice activity detection decides.

    Attributes:
        enabled: off means that the client ends its turns by hand.
        threshold: probability of speech, 0 to 1, from which a frame counts.
        prefix_ms: how much audio before the detected start belongs to the turn.
        silence_ms: how much silence ends the turn.
        complete_silence_ms: how much is enough where the recognizer knows that nothing can follow.
        open_silence_ms: how much is needed where what was said calls for more.
        start_ms: how much speech begins a turn; shorter sounds are noise.
        certain_ms: how much speech interrupts a reply without a word being understood.
        longest_turn_ms: a turn is ended by force at this length.
    """

    enabled: bool = True
    threshold: float = 0.5
    prefix_ms: int = 300
    silence_ms: int = 600
    complete_silence_ms: int = 160
    open_silence_ms: int = 1200
    start_ms: int = 64
    certain_ms: int = 400
    longest_turn_ms: int = 60_000


class Outlook(Enum):
    """What a recognizer makes of a pause."""

    COMPLETE = auto()
    """Nothing can follow what was said."""
    OPEN = auto()
    """What was said calls for more: ``email of``."""
    UNKNOWN = auto()


class Edge(Enum):
    """A change found by the endpointer."""

    STARTED = auto()
    ENDED = auto()


class Endpointer:
    """Finds the edges of speech in a sequence of frames of `FRAME_MS`."""

    def __init__(self, settings: VadSettings) -> None:
        self._settings = settings
        self._start_frames = max(1, ceil(settings.start_ms / FRAME_MS))
        self._silence_frames = _frames(settings.silence_ms)
        self._longest = max(1, settings.longest_turn_ms // FRAME_MS)
        self.reset()

    def reset(self) -> None:
        """Begin again in silence."""
        self.in_speech = False
        self._run = 0
        self._frames = 0
        self._quiet = 0
        self._voiced = 0
        self._silence_frames = _frames(self._settings.silence_ms)

    def expect(self, outlook: Outlook) -> None:
        """Take the recognizer's view of the present pause into account."""
        settings = self._settings
        # A setting that is longer than what the recognizer asks for stands.
        open_ms = max(settings.silence_ms, settings.open_silence_ms)
        self._silence_frames = _frames(open_ms if outlook is Outlook.OPEN else settings.silence_ms)

    @property
    def quiet_ms(self) -> int:
        """For how long the present turn has been silent."""
        return self._quiet * FRAME_MS

    @property
    def voiced_ms(self) -> int:
        """How much of the present turn is speech, its pauses left out."""
        return self._voiced * FRAME_MS

    @property
    def speech_ms(self) -> int:
        """Length of the present turn, the silence at its end left out."""
        return (self._frames - self._quiet) * FRAME_MS

    def feed(self, probability: float) -> Edge | None:
        """The edge that this frame makes certain; after `Edge.ENDED` read `speech_ms`, then `reset`."""
        if not self.in_speech:
            self._run = self._run + 1 if probability >= self._settings.threshold else 0
            if self._run < self._start_frames:
                return None
            self.in_speech, self._frames, self._quiet, self._voiced = True, self._run, 0, self._run
            return Edge.STARTED
        self._frames += 1
        goes_on = probability >= self._settings.threshold - HYSTERESIS
        self._quiet = 0 if goes_on else self._quiet + 1
        self._voiced += goes_on
        ended = self._quiet >= self._silence_frames or self._frames >= self._longest
        return Edge.ENDED if ended else None


def _frames(milliseconds: int) -> int:
    return max(1, ceil(milliseconds / FRAME_MS))
