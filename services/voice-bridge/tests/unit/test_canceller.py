"""What the recognizer hears while the voice speaks: no echo, and the user as loud as before."""

from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
from tests.echoes import FRAME, Samples, at_client_rate, pcm_of, replies, room
from tests.spoken import SPOKEN_RATE, spoken

from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.audio import HEARING_RATE, Resampler, samples_of
from voice_bridge.engines.canceller import Canceller

HEARD_BYTES = 1024


class Client:
    """Plays what it is sent at once; the echo of it comes late, at −20 dB in a room."""

    def __init__(self) -> None:
        self.now = 0.0
        self._canceller = Canceller()
        self._resampler = Resampler(SAMPLE_RATE, HEARING_RATE)
        self._pending = b""

    def play(self, reply: Samples, heard: Samples, *, has_echo: bool = True) -> tuple[Samples, Samples]:
        """What is heard while a reply is played, as it comes and cleaned."""
        frames = list(self._frames(reply, heard, has_echo))
        raw, clean = (b"".join(parts) for parts in zip(*frames, strict=True))
        return samples_of(raw), samples_of(clean)

    def _frames(self, reply: Samples, heard: Samples, has_echo: bool) -> Iterator[tuple[bytes, bytes]]:
        begun = self.now
        for number in count():
            played, came = (each[number * FRAME : (number + 1) * FRAME] for each in (reply, heard))
            if len(came) < FRAME:
                return
            self.now = begun + (number + 1) * 0.04
            if len(played) == FRAME:
                self._canceller.played(pcm_of(played), self.now)
            self._pending += self._resampler.feed(pcm_of(came))
            while len(self._pending) >= HEARD_BYTES:
                frame, self._pending = self._pending[:HEARD_BYTES], self._pending[HEARD_BYTES:]
                yield frame, self._canceller.clean(frame, self.now, may_echo=True, has_echo=has_echo)


def echo_of(reply: Samples, delay_ms: int = 180) -> Samples:
    echo = np.convolve(reply, room(0.3, 3))[: len(reply)] * 0.1
    late = np.concatenate([np.zeros(delay_ms * SAMPLE_RATE // 1000, np.float32), echo])
    noise = np.random.default_rng(5).normal(size=len(late)) * 10 ** (-68 / 20)
    return np.asarray(late + noise, np.float32)


def level_db(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(samples**2)))


@pytest.mark.parametrize("delay_ms", [60, 180, 350])
def test_of_an_echo_next_to_nothing_is_left_after_a_second(delay_ms: int) -> None:
    raw, clean = Client().play(replies()[0], echo_of(replies()[0], delay_ms))
    assert level_db(clean[HEARING_RATE:]) < level_db(raw[HEARING_RATE:]) - 20


def test_a_word_over_an_echo_keeps_its_level() -> None:
    word = at_client_rate(spoken("stop"), SPOKEN_RATE)
    heard = echo_of(replies()[0])
    heard[2 * SAMPLE_RATE : 2 * SAMPLE_RATE + len(word)] += word
    raw, clean = Client().play(replies()[0], heard)
    said = slice(2 * HEARING_RATE, 2 * HEARING_RATE + len(word) * HEARING_RATE // SAMPLE_RATE)
    assert level_db(clean[said]) == pytest.approx(level_db(raw[said]), abs=1)


def test_what_has_no_echo_in_it_is_given_as_it_came_but_later() -> None:
    heard = at_client_rate(spoken("get all contacts"), SPOKEN_RATE)
    raw, clean = Client().play(replies()[0], heard, has_echo=False)
    late = HEARING_RATE * 16 // 1000
    assert np.array_equal(clean[late:], raw[:-late])


def test_after_a_reply_that_was_cut_the_echo_of_the_next_one_is_found() -> None:
    client = Client()
    client.play(replies()[0][: 2 * SAMPLE_RATE], echo_of(replies()[0])[:SAMPLE_RATE])
    raw, clean = client.play(replies()[1], echo_of(replies()[1]))
    assert level_db(clean[2 * HEARING_RATE :]) < level_db(raw[2 * HEARING_RATE :]) - 20
