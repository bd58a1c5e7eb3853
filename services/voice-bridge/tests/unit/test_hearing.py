"""Ears over human speech and the voice's own echo: no sentence is cut, no nonsense taken, no echo a turn."""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import pytest
import soxr
from tests.echoes import DRY, LEVELS, Line, Samples, at_client_rate, pcm_of, replies, room
from tests.human import RATE, clips
from tests.spoken import SPOKEN_RATE, spoken

from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.audio import HEARING_RATE, samples_of
from voice_bridge.engines.echo import EchoGuard
from voice_bridge.engines.espeak import Espeak
from voice_bridge.engines.hearing import Heard, Hearing, TurnAudio, TurnBegan, TurnEnded
from voice_bridge.engines.local.catalogue import EVERYDAY, Catalogue
from voice_bridge.engines.local.recognizer import Decoders, GrammarRecognizer

SILENT_DB: Final = -200


def heard_seconds(heard: Iterable[Heard]) -> float:
    return sum(len(event.pcm) for event in heard if isinstance(event, TurnAudio)) / (HEARING_RATE * 2)


def edges(heard: Iterable[Heard]) -> list[type]:
    return [type(event) for event in heard if isinstance(event, TurnBegan | TurnEnded)]


@pytest.mark.parametrize(("name", "_words", "pcm"), list(clips()), ids=[name for name, _, _ in clips()])
def test_no_human_sentence_is_cut(name: str, _words: str, pcm: bytes) -> None:
    hearing = Hearing(VadSettings(), lambda: 0.0, EchoGuard())
    quiet = np.zeros(SAMPLE_RATE, np.float32)
    said = np.concatenate([quiet, at_client_rate(pcm, RATE), quiet, quiet])
    assert edges(hearing.feed(pcm_of(said))) == [TurnBegan, TurnEnded], name


MISLEADING: Final = [clip for clip in clips() if clip[0] in ("austen-0870", "austen-0890")]
"""Long sentences in which the decoder finds the words of a short command, and takes the rest for silence."""


MISHEARD: Final = [("austen-0870", 4000, 1400), ("austen-0880", 1000, 1400)]
"""Parts of clips whose sounds a command covers."""


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


ASKED: Final = Catalogue(
    ("find the contact of {name}", "email of {name}", "what did i ask before", "get all contacts"),
    ("Emma Carter", "Liam Patel", "Sofia Rossi", "Olivia Brown"),
)


def at_hearing_rate(text: str, voice: str) -> bytes:
    samples = soxr.resample(samples_of(spoken(text, voice)), SPOKEN_RATE, HEARING_RATE)
    return pcm_of(np.asarray(samples, np.float32))


async def understood(pcm: bytes) -> str:
    """What the first turn of a session is understood as, all of which is speech."""

    async def commands() -> Catalogue:
        return ASKED

    espeak = Espeak()
    recognizer = GrammarRecognizer(commands, Decoders(espeak))
    await recognizer.open()
    utterance = recognizer.begin(may_choose=False)
    utterance.feed(pcm)
    utterance.end(0)
    await espeak.close()
    return await utterance.text()


@pytest.mark.parametrize(("name", "from_ms", "ms"), MISHEARD)
async def test_a_part_of_a_human_sentence_that_sounds_like_a_command_does_not_fit_it(
    name: str, from_ms: int, ms: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (pcm,) = (pcm for clip, _, pcm in clips() if clip == name)
    part = pcm[from_ms * RATE // 500 : (from_ms + ms) * RATE // 500]
    assert await understood(part) == ""
    for limit in ("_UNLIKELY", "_UNLIKELY_COMMAND"):
        monkeypatch.setattr(f"{GrammarRecognizer.__module__}.{limit}", -math.inf)
    assert await understood(part) != ""


@pytest.mark.parametrize("voice", ["en-us+f1", "en-us+m3", "en-us+steph"])
@pytest.mark.parametrize(("text", "heard"), [("five", ""), ("what can you do", "what can you do")])
async def test_a_word_that_is_not_expected_is_no_question_of_every_day(
    text: str, heard: str, voice: str
) -> None:
    assert await understood(at_hearing_rate(text, voice)) == heard


@pytest.mark.parametrize("voice", ["en-us+f3", "en-us+m1", "en-us+f2"])
@pytest.mark.parametrize("text", ["get all contacts", "find the contact of Liam Patel"])
async def test_a_command_that_is_said_fits_its_words(text: str, voice: str) -> None:
    assert await understood(at_hearing_rate(text, voice)) == text


@pytest.mark.parametrize("voice", ["en-us+f3", "en-us+m1", "en-us+f2"])
@pytest.mark.parametrize("noise_db", [SILENT_DB, -60])
async def test_silence_that_was_taken_for_speech_is_no_part_of_a_command(noise_db: int, voice: str) -> None:
    silence = bytes(HEARING_RATE)
    sound = samples_of(silence + at_hearing_rate("email of Emma Carter", voice) + silence)
    noise = np.random.default_rng(1).normal(0, 10 ** (noise_db / 20), len(sound)).astype(np.float32)
    assert await understood(pcm_of(sound + noise)) == "email of Emma Carter"


@pytest.mark.parametrize(("level_db", "delay_ms"), LEVELS)
def test_a_minute_of_the_voices_own_echo_makes_no_turn(level_db: int, delay_ms: int) -> None:
    line = Line(level_db, delay_ms)
    played, heard = 0.0, []
    while played < 60:
        for reply in replies():
            heard += edges(line.play(reply))
            played += len(reply) / SAMPLE_RATE
    assert heard == []


@pytest.mark.parametrize(("level_db", "delay_ms"), LEVELS)
@pytest.mark.parametrize("response", [room(0.3, 3), room(0.5, 0)], ids=["small room", "large room"])
def test_the_voices_own_echo_in_a_room_makes_no_turn(response: Samples, level_db: int, delay_ms: int) -> None:
    line = Line(level_db, delay_ms, response)
    assert [each for reply in replies() for each in edges(line.play(reply))] == []


@pytest.mark.parametrize("response", [DRY, room(0.5, 0)], ids=["dry", "large room"])
def test_a_person_who_speaks_over_the_echo_is_heard(response: Samples) -> None:
    found = []
    people = [clip for clip in clips() if clip[0] in ("goforward", "cards-5", "austen-0890")]
    for name, _, pcm in people:
        person = at_client_rate(pcm, RATE)
        line = Line(-20, 180, response)
        heard = line.play(np.concatenate(replies()), person / np.abs(person).max() * 0.5)
        found += [name] if TurnBegan in edges(heard) else []
    assert len(found) == len(people), sorted({name for name, _, _ in people} - set(found))


async def understood_over(line: Line, reply: Samples, said: Samples) -> list[str]:
    """What the turns are understood as that somebody's words over a reply make."""

    async def commands() -> Catalogue:
        return ASKED

    espeak = Espeak()
    recognizer = GrammarRecognizer(commands, Decoders(espeak))
    await recognizer.open()
    texts = []
    utterance = recognizer.begin(may_choose=True)
    for event in line.play(reply, said):
        if isinstance(event, TurnAudio):
            utterance.feed(event.pcm)
        elif isinstance(event, TurnEnded):
            utterance.end(event.silence_ms)
            texts.append(await utterance.text())
            utterance = recognizer.begin(may_choose=True)
    await espeak.close()
    return texts


@pytest.mark.parametrize("voice", ["en-us+f3", "en-us+f2", "en-us+m1"])
@pytest.mark.parametrize("response", [DRY, room(0.3, 3)], ids=["dry", "small room"])
async def test_stop_is_understood_over_the_echo_of_the_first_reply(response: Samples, voice: str) -> None:
    said = at_client_rate(spoken("stop", voice), SPOKEN_RATE)
    heard = await understood_over(
        Line(-20, 180, response),
        np.concatenate(replies())[: 4 * SAMPLE_RATE],
        said / np.abs(said).max() * 0.5,
    )
    assert heard == ["stop"]


@pytest.mark.parametrize("voice", ["en-us+f3", "en-gb+f4", "en-us+m4", "en-us+steph"])
async def test_stop_is_understood_two_seconds_into_the_first_reply_where_nothing_comes_back(
    voice: str,
) -> None:
    said = at_client_rate(spoken("stop", voice), SPOKEN_RATE)
    line = Line(SILENT_DB, 0)
    second = np.zeros(SAMPLE_RATE, np.float32)
    heard = await understood_over(
        line,
        np.concatenate(replies())[: 4 * SAMPLE_RATE],
        np.concatenate([second, said / np.abs(said).max() * 0.5]),
    )
    assert heard == ["stop"]


@pytest.mark.parametrize(
    ("reply", "text"), [(0, "go on"), (1, "no thank you"), (1, "thank you"), (2, "email of Liam Patel")]
)
def test_an_answer_right_after_a_reply_that_does_not_echo_is_heard_from_its_first_word(
    reply: int, text: str
) -> None:
    line = Line(SILENT_DB, 0)
    line.play(replies()[reply], longer=0.2)
    answer = at_client_rate(spoken(text), SPOKEN_RATE)
    quiet = np.zeros(SAMPLE_RATE * 3 // 10, np.float32)
    heard = line.say(np.concatenate([quiet, answer, np.zeros(SAMPLE_RATE, np.float32)]))
    assert edges(heard) == [TurnBegan, TurnEnded]
    assert heard_seconds(heard) >= len(answer) / SAMPLE_RATE


SHORT: Final = "I see."
"""Over before it can be known whether it comes back."""


def extent_seconds(samples: Samples, rate: int) -> float:
    """From the first loud sample to the last one."""
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    return float(loud[-1] - loud[0]) / rate if len(loud) else 0.0


def answered(line: Line, text: str, after: float) -> None:
    """What is said so many seconds after a reply is one turn, and nothing of it is lost."""
    answer = at_client_rate(spoken(text), SPOKEN_RATE)
    quiet = np.zeros(round(SAMPLE_RATE * after), np.float32)
    heard = line.say(np.concatenate([quiet, answer, np.zeros(SAMPLE_RATE, np.float32)]))
    assert edges(heard) == [TurnBegan, TurnEnded]
    pcm = b"".join(event.pcm for event in heard if isinstance(event, TurnAudio))
    found = extent_seconds(samples_of(pcm), HEARING_RATE)
    assert found >= extent_seconds(answer, SAMPLE_RATE) - 0.02


@pytest.mark.parametrize(("level_db", "delay_ms"), LEVELS)
@pytest.mark.parametrize("text", ["go on", "no thank you"])
def test_the_end_of_an_echo_is_no_turn_and_an_answer_to_it_is_heard_from_its_first_word(
    text: str, level_db: int, delay_ms: int
) -> None:
    line = Line(level_db, delay_ms, room(0.5, 0))
    assert edges(line.play(replies()[0], longer=0.0)) == []
    answered(line, text, 0.1)


@pytest.mark.parametrize("text", ["go on", "no thank you"])
@pytest.mark.parametrize("after", [0.1, 0.5])
def test_an_answer_to_a_short_reply_on_a_silent_line_is_heard_from_its_first_word(
    text: str, after: float
) -> None:
    line = Line(SILENT_DB, 0)
    assert edges(line.play(at_client_rate(spoken(SHORT), SPOKEN_RATE), longer=0.0)) == []
    answered(line, text, after)


def test_a_loudspeaker_that_is_turned_on_later_makes_one_turn_at_most() -> None:
    line = Line(SILENT_DB, 0)
    line.play(replies()[0])
    line.level_db = -20
    found = [edge for reply in (*replies(), *replies()) for edge in edges(line.play(reply))]
    assert found in ([], [TurnBegan, TurnEnded])
