"""One reply on its way to the listener: paced release, and what of it was heard.

All times are seconds on one clock, given by the caller; positions are milliseconds of the reply's audio.
"""

import re
from dataclasses import dataclass
from typing import Final

from voice_bridge.domain.speech import BYTES_PER_MS, duration_ms

FRAME_MS: Final = 40
SHORTEST_FRAME_MS: Final = 20
AHEAD_MS: Final = 400
"""How much audio the client may hold beyond what it has played."""

_FRAME_AND_REST: Final = (FRAME_MS + SHORTEST_FRAME_MS) * BYTES_PER_MS
_SLACK_MS: Final = 0.5
"""What a time may be early by rounding; else a call at the very moment it is due would do nothing."""
_WORD: Final = re.compile(r"\S+\s*")


@dataclass(slots=True)
class _Segment:
    text: str = ""
    audio_ms: float = 0


class Playout:
    """The audio and text of one reply, from its first chunk to its end.

    Audio is released in frames of `FRAME_MS`, never more than `AHEAD_MS` ahead of the position that the
    client reported, or that the clock suggests where it did not.
    """

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self._waiting = bytearray()
        self._segments: dict[int, _Segment] = {}
        self._complete = False
        self._paused = False
        self._written = ""
        self._released_ms = 0.0
        self._position_ms = 0.0
        self._position_at = 0.0

    def add_text(self, segment: int, text: str) -> None:
        """More of the text that a segment speaks."""
        self._segments.setdefault(segment, _Segment()).text += text

    def add_audio(self, segment: int, pcm: bytes) -> None:
        """More of the audio of a segment."""
        self._waiting += pcm
        self._segments.setdefault(segment, _Segment()).audio_ms += duration_ms(pcm)

    def write(self, text: str) -> None:
        """What is shown instead of the spoken text."""
        self._written = text

    def complete(self) -> None:
        """Nothing more is added."""
        self._complete = True

    def pause(self, now: float) -> None:
        """Release nothing more until `go_on`; the client plays what it has."""
        self._position_ms, self._position_at = self.position_ms(now), now
        self._paused = True

    def go_on(self, now: float) -> None:
        """Take up where it was paused."""
        self._position_ms, self._position_at = self.position_ms(now), now
        self._paused = False

    @property
    def written(self) -> str:
        """What is shown; the spoken text where nothing else was given."""
        return self._written or self.text

    @property
    def text(self) -> str:
        """All the text that was generated so far."""
        return "".join(segment.text for _, segment in sorted(self._segments.items())).strip()

    @property
    def audio_ms(self) -> float:
        """Length of all the audio that was generated so far."""
        return sum(segment.audio_ms for segment in self._segments.values())

    @property
    def is_released(self) -> bool:
        """Whether the client was given everything."""
        return self._complete and not self._waiting

    def position_ms(self, now: float) -> float:
        """How far the client has played, at most as far as it was given audio."""
        return min(self._released_ms, self._position_ms + (now - self._position_at) * 1000)

    def report(self, position_ms: int, now: float) -> None:
        """The client says how far it has played."""
        self._position_ms = min(float(position_ms), self._released_ms)
        self._position_at = now

    def release(self, now: float) -> list[bytes]:
        """The frames that are due; the position stands still while the client has nothing to play."""
        self._position_ms = self.position_ms(now)
        self._position_at = now
        frames = []
        while self._released_ms + FRAME_MS <= self._position_ms + AHEAD_MS + _SLACK_MS and (
            frame := self._take()
        ):
            frames.append(frame)
            self._released_ms += duration_ms(frame)
        return frames

    def _take(self) -> bytes:
        """The next frame; the last two are sized so that none is shorter than `SHORTEST_FRAME_MS`."""
        if not self._has_frame:
            return b""
        size = FRAME_MS * BYTES_PER_MS
        if len(self._waiting) < _FRAME_AND_REST:
            size = len(self._waiting)
        frame = bytes(self._waiting[:size])
        del self._waiting[:size]
        return frame

    @property
    def _has_frame(self) -> bool:
        return (
            bool(self._waiting)
            and not self._paused
            and (self._complete or len(self._waiting) >= _FRAME_AND_REST)
        )

    def next_due(self, now: float) -> float | None:
        """When to call `release` or to look at `is_played` again; None while that depends on more audio."""
        if self._has_frame:
            excess = self._released_ms + FRAME_MS - AHEAD_MS - self.position_ms(now)
            return now + max(excess, 0) / 1000
        if self._complete and not self._paused:
            return now + (self._released_ms - self.position_ms(now)) / 1000
        return None

    def is_played(self, now: float) -> bool:
        """Whether the client has played all there is."""
        return self.is_released and self.position_ms(now) >= self._released_ms - _SLACK_MS

    def heard(self, now: float) -> tuple[str, int]:
        """The text up to the position, cut after the last word that was played whole, and the position."""
        position = self.position_ms(now)
        if self.is_played(now):
            return self.text, round(self.audio_ms)
        return _cut([segment for _, segment in sorted(self._segments.items())], position), round(position)


def _cut(segments: list[_Segment], position_ms: float) -> str:
    heard = []
    left = position_ms
    for segment in segments:
        if left >= segment.audio_ms > 0:
            heard.append(segment.text)
            left -= segment.audio_ms
            continue
        if segment.audio_ms > 0:
            heard.append(_words_within(segment.text, left / segment.audio_ms))
        break
    return "".join(heard).strip()


def _words_within(text: str, share: float) -> str:
    """The words that end within the given share of the text."""
    spoken = 0
    for match in _WORD.finditer(text):
        if len(match.group().rstrip()) + match.start() > share * len(text.rstrip()):
            break
        spoken = match.end()
    return text[:spoken]
