"""Ears over human speech and the voice's own echo: no sentence is cut, no nonsense taken, no echo a turn."""

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
import pytest
import soxr
from numpy.typing import NDArray
from tests.human import RATE, clips
from tests.spoken import SPOKEN_RATE, spoken

from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.echo import EchoGuard
from voice_bridge.engines.espeak import Espeak
from voice_bridge.engines.hearing import Hearing, TurnAudio, TurnBegan, TurnEnded
from voice_bridge.engines.local.catalogue import EVERYDAY, Catalogue
from voice_bridge.engines.local.recognizer import Decoders, GrammarRecognizer

Samples: TypeAlias = NDArray[np.float32]
FRAME = 960
AHEAD = 10
"""Frames of 40 ms that a client holds."""
REPLIES = (
    ("I found twenty contacts. The first are Mia Tanaka and Liam Patel. Shall I go on?", "en-us+steph"),
    ("Sales in 2023 come to about seven billion. September stands out. Shall I go on?", "en-us+m3"),
    ("연락처 20건을 찾았습니다. 먼저 김민준, 이서연, 박도윤입니다. 계속할까요?", "ko+f3"),
)


def at_client_rate(pcm: bytes, rate: int) -> Samples:
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768
    return np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), np.float32)


def pcm_of(samples: Samples) -> bytes:
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


def room(seconds: float, direct_db: float) -> Samples:
    """The impulse response of a room whose sound falls by 60 dB in so many seconds.

    Args:
        direct_db: how much louder the direct sound is than all that comes later.
    """
    times = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    late = np.random.default_rng(3).normal(size=len(times)) * 10 ** (-3 * times / seconds)
    late[: round(0.003 * SAMPLE_RATE)] = 0
    response = late * np.sqrt(10 ** (-direct_db / 10) / np.sum(late**2))
    response[0] += 1
    return np.asarray(response / np.sqrt(np.sum(response**2)), np.float32)


def in_room(sound: Samples, response: Samples) -> Samples:
    length = len(sound) + len(response) - 1
    spectrum = np.fft.rfft(sound, length) * np.fft.rfft(response, length)
    return np.asarray(np.fft.irfft(spectrum, length)[: len(sound)], np.float32)


DRY: Final = np.ones(1, np.float32)


MISLEADING: Final = [clip for clip in clips() if clip[0] in ("austen-0870", "austen-0890")]
"""Long sentences in which the decoder finds the words of a short command, and takes the rest for silence."""


async def test_no_human_sentence_is_taken_for_a_command_of_the_agent() -> None:
    asked = ("list the data sets", "get all contacts", "email of {name}", "write the monthly report")
    catalogue = Catalogue(asked, ("Emma Carter", "Mia Tanaka", "Liam Patel"))

    async def commands() -> Catalogue:
        return catalogue

    espeak = Espeak()
    decoders = Decoders(espeak)
    quiet = np.zeros(SAMPLE_RATE, np.float32)
    taken = []
    for name, _, pcm in MISLEADING:
        recognizer = GrammarRecognizer(commands, decoders)
        await recognizer.open()
        hearing = Hearing(VadSettings(), lambda: 0.0, EchoGuard())
        said = pcm_of(np.concatenate([quiet, at_client_rate(pcm, RATE), quiet, quiet]))
        utterance = recognizer.begin(may_choose=False)
        for event in hearing.feed(said):
            if isinstance(event, TurnAudio):
                utterance.feed(event.pcm)
            elif isinstance(event, TurnEnded):
                utterance.end(event.silence_ms)
                taken.append((name, await utterance.text()))
    await espeak.close()
    assert [each for each in taken if each[1] not in ("", *EVERYDAY)] == []


class _Line:
    """A client whose loudspeaker is heard by its microphone."""

    def __init__(self, level_db: float, delay_ms: int, response: Samples = DRY) -> None:
        self.now = 0.0
        self.echo = EchoGuard()
        self.hearing = Hearing(VadSettings(), lambda: self.now, self.echo)
        self._gain = 10 ** (level_db / 20)
        self._response = response
        self._delay = round(delay_ms * SAMPLE_RATE / 1000)
        self._random = np.random.default_rng(7)

    def _heard(self, played: Samples) -> Samples:
        echo = in_room(played, self._response) * self._gain
        heard = np.concatenate([np.zeros(self._delay), echo, np.zeros(SAMPLE_RATE)])
        noise = self._random.normal(size=len(heard)) * 10 ** (-68 / 20)
        return np.asarray(heard + noise, np.float32)

    def play(
        self,
        reply: Samples,
        over: Samples | None = None,
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


def replies() -> list[Samples]:
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


@pytest.mark.parametrize(("level_db", "delay_ms"), [(-12, 60), (-20, 350), (-30, 180)])
@pytest.mark.parametrize("response", [room(0.3, 3), room(0.5, 0)], ids=["small room", "large room"])
def test_the_voices_own_echo_in_a_room_makes_no_turn(response: Samples, level_db: int, delay_ms: int) -> None:
    line = _Line(level_db, delay_ms, response)
    assert [each for reply in replies() for each in line.play(reply)] == []


@pytest.mark.parametrize("response", [DRY, room(0.5, 0)], ids=["dry", "large room"])
def test_a_person_who_speaks_over_the_echo_is_heard(response: Samples) -> None:
    found = []
    people = [clip for clip in clips() if clip[0] in ("goforward", "cards-5", "austen-0890")]
    for name, _, pcm in people:
        person = at_client_rate(pcm, RATE)
        line = _Line(-20, 180, response)
        heard = line.play(np.concatenate(replies()), person / np.abs(person).max() * 0.5)
        found += [name] if TurnBegan in heard else []
    assert len(found) == len(people), sorted({name for name, _, _ in people} - set(found))
