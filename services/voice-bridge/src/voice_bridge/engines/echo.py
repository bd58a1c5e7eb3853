"""Tells the voice's own echo in the microphone from the user, by the shape of what was played.

The energies of a third of a second in eighteen bands are compared with those of everything that was played
lately. Each band's mean is taken out, so that neither level nor the colour of loudspeaker and room counts,
and the search over time needs to know no delay. A room goes on sounding, so what was played is also looked
at as rooms of several sizes would repeat it. Who speaks over the echo changes the shape.

Silence tells something, too: where something loud was played and nothing is heard, no echo comes after that
delay. A client for which that is so at every delay has no echo: what is heard from it is the user, as long as
it is not plainly what is played.
"""

import threading
from collections import deque
from math import log10
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.audio import HEARING_RATE, Resampler, Samples, samples_of
from voice_bridge.engines.canceller import GAP_SECONDS, Canceller

Bands: TypeAlias = NDArray[np.float32]
"""A row of band energies for each hop."""

LAG_SECONDS: Final = 1.5
"""How late an echo may come: what the client holds, the network twice, and its devices."""
_HOP: Final = 256
_WINDOW: Final = 512
_COMPARED: Final = 20
"""Hops, of 16 ms."""
_REMEMBERED: Final = 190
_LONGEST: Final = _REMEMBERED - _COMPARED
_BANDS: Final = 18
_LOWEST_HZ: Final = 150.0
_HIGHEST_HZ: Final = 5000.0
_RANGE: Final = 3.0
"""In powers of ten below the loudest of a window; what is quieter is noise."""
_SILENCE: Final = -9.0
_ALIKE: Final = 0.66
"""Found by trial: an echo, in a room with noise as well, has a likeness of 0.84, human speech one of 0.59."""
_BENEFIT: Final = 0.15
"""What is granted to the first frames of a sound, whose window has the silence before in it."""
_ONSET: Final = 2.0
"""In powers of ten below the loudest of a window; from there on a sound has begun."""
_FEWEST: Final = 8
"""Hops that tell something; a sound that has fewer is judged later."""
_SURE: Final = 0.8
"""From this likeness on no other room is tried, and an echo was surely found."""
_ROOMS: Final = (0.0, 0.3, 0.6, 1.0)
"""Seconds in which a room's sound falls by 60 dB; 0 is no room."""
_LATE: Final = 0.7
"""The part of what is heard that comes late, in a room."""
_SILENT_PCM: Final = bytes(_COMPARED * _HOP * SAMPLE_RATE // HEARING_RATE * 2)
_LATEST: Final = round(LAG_SECONDS * HEARING_RATE / _HOP)
"""`LAG_SECONDS` in hops."""
_EARLIEST: Final = -4
"""What was sent is not heard before its time; as far as hops tell."""
_USUAL: Final = round(0.9 * HEARING_RATE / _HOP)
"""Most echoes come sooner; later, the first word over a reply is as like its beginning as an echo is."""
_UNUSUAL: Final = 0.15
"""What is taken off the likeness with what would come later, until an echo was surely found."""
_LOUD: Final = 1.0
"""In powers of ten below the loudest that was played; what is louder would be heard as an echo."""
_NOISE: Final = 0.8
"""In powers of ten above the quietest that was heard lately; below that nothing was heard."""
_DEAFENING: Final = 9.0
_MISSED: Final = 12
"""Hops of it that may be missed all the same: more, and no echo comes after that delay."""
_SMOOTHED: Final = 6
"""Frames over which the likeness is averaged."""
_NEAR: Final = 10
"""Hops by which a delay may be found wrong, or change within a reply."""


def _filters() -> Bands:
    """Triangles over the spectrum's bins, evenly spaced in mel."""
    lowest, highest = (2595 * log10(1 + hz / 700) for hz in (_LOWEST_HZ, _HIGHEST_HZ))
    mel = np.linspace(lowest, highest, _BANDS + 2)
    edges = (10 ** (mel / 2595) - 1) * 700 * _WINDOW / HEARING_RATE
    bins = np.arange(_WINDOW // 2 + 1)
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    return np.asarray(np.maximum(0, np.minimum(rising, falling)), dtype=np.float32)


class _Energies:
    """The band energies of a stream, hop by hop."""

    def __init__(self, filters: Bands) -> None:
        self._filters = filters
        self._shape = np.hanning(_WINDOW).astype(np.float32)
        self._rest = np.zeros(_WINDOW - _HOP, np.float32)

    def feed(self, samples: Samples) -> Bands:
        """Log energies, a row for each hop that is complete."""
        stream = np.concatenate([self._rest, samples])
        count = max(0, (len(stream) - _WINDOW) // _HOP + 1)
        self._rest = stream[count * _HOP :]
        if not count:
            return np.zeros((0, _BANDS), np.float32)
        frames = np.lib.stride_tricks.sliding_window_view(stream, _WINDOW)[::_HOP][:count]
        power = np.abs(np.fft.rfft(frames * self._shape, axis=1)) ** 2
        return np.asarray(np.log10(power @ self._filters + 10**_SILENCE), dtype=np.float32)


class _Room:
    """What was played lately, as it sounds in a room."""

    def __init__(self, seconds: float) -> None:
        self.rows = np.full((_REMEMBERED, _BANDS), _SILENCE, np.float32)
        self._fall = 10 ** (-6 * _HOP / HEARING_RATE / seconds) if seconds else 0.0
        self._late = np.zeros(_BANDS)

    def play(self, energies: Bands) -> None:
        """More was played; its energies by band."""
        heard = energies
        if self._fall and len(energies):
            heard = np.empty_like(energies)
            for number, power in enumerate(10.0 ** energies.astype(np.float64)):
                self._late = self._late * self._fall + power * (1 - self._fall)
                heard[number] = np.log10(power * (1 - _LATE) + self._late * _LATE)
        self.rows = _appended(self.rows, heard)

    def windows(self) -> Bands:
        """All that may be heard at once, up to the silence after what was played last."""
        falls = self._fall ** np.arange(1, _COMPARED + 1)[:, None]
        silence = np.log10(self._late * _LATE * falls + 10**_SILENCE).astype(np.float32)
        rows = np.concatenate([self.rows, silence])
        windows = np.lib.stride_tricks.sliding_window_view(rows, _COMPARED, axis=0)
        return np.asarray(windows.transpose(0, 2, 1))


class EchoGuard:
    """One session's. `played` may be called by another thread than the rest."""

    def __init__(self) -> None:
        filters = _filters()
        self._incoming: deque[bytes] = deque()
        self._lock = threading.Lock()
        self._resampler = Resampler(SAMPLE_RATE, HEARING_RATE)
        self._played = _Energies(filters)
        self._heard = _Energies(filters)
        self._rooms = [_Room(seconds) for seconds in _ROOMS]
        self._recent = np.full((_COMPARED, _BANDS), _SILENCE, np.float32)
        self._since = 0.0
        self._until = 0.0
        self._levels = np.full(_REMEMBERED, _DEAFENING, np.float32)
        """How loud it was lately, in powers of ten."""
        self._own = 0
        """Rows of the present reply."""
        self._reply = 0.0
        self._has_echo = True
        self._ahead = 0
        self._likenesses: deque[tuple[int, Bands]] = deque(maxlen=_SMOOTHED)
        self._delay: tuple[float, int] | None = None
        self._is_sure = False
        self._canceller = Canceller()

    def played(self, pcm: bytes, until: float) -> None:
        """Audio (24 kHz) is on its way to the user, who hears it until then, in monotonic seconds."""
        with self._lock:
            starts = until - len(pcm) / (SAMPLE_RATE * 2)
            if starts > self._until + GAP_SECONDS:
                self._since = starts
                self._incoming.append(_SILENT_PCM)
            self._incoming.append(pcm)
            self._until = max(self._until, until)
            self._canceller.played(pcm, until)

    def is_playing(self, now: float) -> bool:
        """Whether something that was played is not over yet, where nothing delays it."""
        return now < self._until

    def may_echo(self, now: float) -> bool:
        """Whether something that was played can still be in the air."""
        return now < self._until + (LAG_SECONDS if self._has_echo else 0.0)

    def clean(self, frame: bytes, now: float) -> bytes:
        """A frame of the microphone's (PCM16) without echo: see `Canceller.clean`.

        A line in which no echo was surely found gets it as it came: AEC3 would take the user for one.
        """
        may_echo = self._has_echo and self.may_echo(now)
        cleaned = self._canceller.clean(frame, now, may_echo=may_echo, has_echo=may_echo and self._is_sure)
        return cleaned if self._is_sure else frame

    def hear(self, samples: Samples) -> None:
        """Take a frame of the microphone's (16 kHz, within -1 and 1)."""
        heard = self._heard.feed(samples)
        self._recent = _appended(self._recent, heard)
        self._ahead -= len(heard)
        self._levels = np.concatenate([self._levels, heard.max(axis=1)])[-_REMEMBERED:]
        with self._lock:
            pcm = b"".join(self._incoming)
            self._incoming.clear()
            if self._since != self._reply:
                self._reply, self._own, self._ahead = self._since, 0, -_COMPARED
                self._likenesses.clear()
        if pcm:
            played = self._played.feed(samples_of(self._resampler.feed(pcm)))
            self._ahead += len(played)
            self._own += len(played)
            for room in self._rooms:
                room.play(played)

    def pause(self, now: float) -> None:
        """Nothing is heard: what comes next is judged by itself."""
        self._likenesses.clear()
        if self._has_echo and self.is_playing(now) and not self._possible()[: _LATEST - _EARLIEST].any():
            self._has_echo = False

    def is_echo(self, now: float) -> bool:
        """Whether what was heard last is only what was played; asked of each frame that may be speech."""
        reply = self._reply
        since = self._began()
        if _COMPARED - since < _FEWEST:
            return self._has_echo
        self._likenesses.append((self._ahead, self._likeness(since)))
        # An echo keeps its delay; what is alike by chance is so at another delay each time.
        found = [_at(likeness, self._ahead - ahead) for ahead, likeness in self._likenesses]
        steady = np.asarray(np.sum(found, axis=0))
        if self._has_echo:
            steady -= self._doubts() * len(self._likenesses)
        first = 0
        if self._delay is not None and self._delay[0] == reply and not self.is_playing(now):
            # What is over has told how late it comes. "Go on" after "shall I go on?" comes later than that.
            place = min(max(0, _place(self._delay[1], self._ahead)), _REMEMBERED)
            first = max(0, place - _NEAR)
            steady = steady[first : place + _NEAR + 1]
        best = int(np.argmax(steady))
        likeness = float(steady[best]) + (_BENEFIT if self._has_echo else 0.0)
        is_alike = likeness >= _ALIKE * len(self._likenesses)
        if is_alike and len(self._likenesses) == _SMOOTHED:
            if not self._has_echo:
                self._has_echo = True
                self._levels[:] = _DEAFENING
            self._delay = reply, _place(first + best, self._ahead)
            self._is_sure = self._is_sure or float(steady[best]) >= _SURE * _SMOOTHED
        return is_alike and self._has_echo

    def _doubts(self) -> Bands:
        """What is taken off the likeness of each window, by the delay after which it would be heard now."""
        delays = _LONGEST - self._ahead - np.arange(_REMEMBERED + 1)
        possible = self._possible()
        is_possible = (delays >= _EARLIEST) & (delays <= _LATEST)
        is_possible &= possible[np.clip(delays - _EARLIEST, 0, len(possible) - 1)]
        is_usual = self._is_sure | (delays <= _USUAL)
        return np.where(is_possible, np.where(is_usual, 0.0, _UNUSUAL), 1.0).astype(np.float32)

    def _possible(self) -> NDArray[np.bool_]:
        """Whether an echo can come after each delay, by what was not heard of the present reply.

        The first is for `_EARLIEST`, each further one for a hop more.
        """
        rows = self._rooms[0].rows.max(axis=1)
        loud = rows > rows.max() - _LOUD
        loud[: max(0, _REMEMBERED - self._own)] = False
        quiet = self._levels < self._levels.min() + _NOISE
        padded = np.concatenate([np.zeros(_REMEMBERED, bool), loud])
        missed = np.correlate(padded.astype(np.float32), quiet.astype(np.float32))[::-1]
        # What was played last is heard in `ahead` hops, if nothing delays it.
        first = self._ahead + _EARLIEST
        possible = np.concatenate([np.ones(max(0, -first), bool), missed <= _MISSED])
        return np.asarray(possible[max(0, first) :])

    def _likeness(self, since: int) -> Bands:
        """How much what was heard last is like each window of what was played, in some room, up to 1."""
        heard = _shape(self._recent[None, since:]).reshape(-1)
        best = np.zeros(_REMEMBERED + 1, np.float32)
        for room in self._rooms:
            played = _shape(np.ascontiguousarray(room.windows()[:, since:]))
            best = np.maximum(best, played.reshape(len(played), -1) @ heard)
            if best.max() >= _SURE:
                break
        return best

    def _began(self) -> int:
        """The hop at which the sound that is heard began: from silence, all sounds begin alike."""
        loudest = self._recent.max(axis=1)
        return int(np.argmax(loudest > loudest.max() - _ONSET))


def _place(delay: int, ahead: int) -> int:
    """Which of the windows is heard after a delay, in hops, and the other way round."""
    return _REMEMBERED - delay - ahead


def _at(likeness: Bands, later: int) -> Bands:
    """What was found earlier, by the places of now; nothing where they were not there yet or are gone."""
    found = np.zeros_like(likeness)
    if abs(later) >= len(found):
        return found
    if later >= 0:
        found[: len(found) - later] = likeness[later:]
    else:
        found[-later:] = likeness[:later]
    return found


def _appended(rows: Bands, more: Bands) -> Bands:
    return np.concatenate([rows, more])[-len(rows) :] if len(more) else rows


def _shape(windows: Bands) -> Bands:
    """Each window without its bands' means, of length 1; one without any shape is zero."""
    loudest = windows.max(axis=(1, 2), keepdims=True)
    clipped = np.maximum(windows, loudest - _RANGE)
    shaped = clipped - clipped.mean(axis=1, keepdims=True)
    length = np.sqrt((shaped**2).sum(axis=(1, 2), keepdims=True))
    return np.asarray(shaped / np.maximum(length, 1e-3))
