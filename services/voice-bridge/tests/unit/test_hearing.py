"""Ears over human speech and the voice's own echo: no sentence is cut, no nonsense taken, no echo a turn."""

from collections.abc import Iterator

import numpy as np
import pytest
import soxr
from tests.human import RATE, clips
from tests.spoken import SPOKEN_RATE, spoken

from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.echo import EchoGuard
from voice_bridge.engines.hearing import Hearing, TurnBegan, TurnEnded

FRAME = 960
AHEAD = 10
"""Frames of 40 ms that a client holds."""
REPLIES = (
    ("I found twenty contacts. The first are Mia Tanaka and Liam Patel. Shall I go on?", "en-us+steph"),
    ("Sales in 2023 come to about seven billion. September stands out. Shall I go on?", "en-us+m3"),
    ("연락처 20건을 찾았습니다. 먼저 김민준, 이서연, 박도윤입니다. 계속할까요?", "ko+f3"),
)


def at_client_rate(pcm: bytes, rate: int) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), np.float32)


def pcm_of(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> bytes:
    return bytes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def turns(hearing: Hearing, pcm: bytes) -> Iterator[TurnBegan | TurnEnded]:
    for start in range(0, len(pcm), FRAME * 2):
        for event in hearing.feed(pcm[start : start + FRAME * 2]):
            if isinstance(event, TurnBegan | TurnEnded):
                yield event


@pytest.mark.parametrize(("name", "_words", "pcm"), list(clips()), ids=[name for name, _, _ in clips()])
def test_no_human_sentence_is_cut(name: str, _words: str, pcm: bytes) -> None:
    hearing = Hearing(VadSettings(), lambda: 0.0, EchoGuard())
    quiet = np.zeros(SAMPLE_RATE, np.float32)
    said = np.concatenate([quiet, at_client_rate(pcm, RATE), quiet, quiet])
    heard = [type(event) for event in turns(hearing, pcm_of(said))]
    assert heard == [TurnBegan, TurnEnded], name


class _Line:
    """A client whose loudspeaker is heard by its microphone."""

    def __init__(self, level_db: float, delay_ms: int) -> None:
        self.now = 0.0
        self.echo = EchoGuard()
        self.hearing = Hearing(VadSettings(), lambda: self.now, self.echo)
        self._gain = 10 ** (level_db / 20)
        self._delay = round(delay_ms * SAMPLE_RATE / 1000)
        self._random = np.random.default_rng(7)

    def _heard(
        self, played: "np.ndarray[tuple[int], np.dtype[np.float32]]"
    ) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
        echo = played * self._gain
        heard = np.concatenate([np.zeros(self._delay), echo, np.zeros(SAMPLE_RATE)])
        noise = self._random.normal(size=len(heard)) * 10 ** (-68 / 20)
        return np.asarray(heard + noise, np.float32)

    def play(
        self,
        reply: "np.ndarray[tuple[int], np.dtype[np.float32]]",
        over: "np.ndarray[tuple[int], np.dtype[np.float32]] | None" = None,
    ) -> list[type]:
        """Play a reply, with or without a person who speaks over it; the turns that are heard."""
        microphone = self._heard(reply)
        if over is not None:
            start = SAMPLE_RATE
            microphone[start : start + len(over)] += over[: len(microphone) - start]
        sent, found = 0, []
        for number in range(len(microphone) // FRAME):
            while sent <= number + AHEAD and (sent + 1) * FRAME <= len(reply):
                frame = reply[sent * FRAME : (sent + 1) * FRAME]
                self.echo.played(pcm_of(frame), self.now + AHEAD * 0.04)
                sent += 1
            piece = pcm_of(microphone[number * FRAME : (number + 1) * FRAME])
            found += [
                type(event) for event in self.hearing.feed(piece) if isinstance(event, TurnBegan | TurnEnded)
            ]
            self.now += 0.04
        return found


def replies() -> "list[np.ndarray[tuple[int], np.dtype[np.float32]]]":
    return [at_client_rate(spoken(text, voice, 165), SPOKEN_RATE) for text, voice in REPLIES]


@pytest.mark.parametrize(("level_db", "delay_ms"), [(-12, 60), (-20, 350), (-30, 180)])
def test_a_minute_of_the_voices_own_echo_makes_no_turn(level_db: int, delay_ms: int) -> None:
    line = _Line(level_db, delay_ms)
    played, heard = 0.0, []
    while played < 60:
        for reply in replies():
            heard += line.play(reply)
            played += len(reply) / SAMPLE_RATE
    assert heard == []


def test_a_person_who_speaks_over_the_echo_is_heard() -> None:
    found = []
    people = [clip for clip in clips() if clip[0] in ("goforward", "cards-5", "austen-0890")]
    for name, _, pcm in people:
        person = at_client_rate(pcm, RATE)
        line = _Line(-20, 180)
        heard = line.play(np.concatenate(replies()), person / np.abs(person).max() * 0.5)
        found += [name] if TurnBegan in heard else []
    assert len(found) == len(people), sorted({name for name, _, _ in people} - set(found))
