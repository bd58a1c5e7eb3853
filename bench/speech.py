"""The table of speech: what a voice session costs, hears and says, as docs/benchmarks/speech.md has it.

Run as ``make bench-speech``, with ``CLIPS`` a folder that `human_clips.py` filled; some five minutes. All but
the times are counts, which a busy machine does not change. Ears are those of the light engine; words wrong
are counted where Moonshine is installed.
"""

import argparse
import asyncio
import statistics
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import numpy as np
from voice_hearing import QUIET, heard, heard_by_grammar, known, words_of, wrong
from voice_latency import asked, commands, measured, reply
from voice_recognition import NAMES

from agent_runner.agents.models.spoken import PHRASES
from voice_bridge.domain.dialogue import Manner
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.prose import speakable
from voice_bridge.domain.speech import SAMPLE_RATE, duration_ms
from voice_bridge.engines.espeak import Espeak, EspeakSpeech
from voice_bridge.engines.hearing import TurnAudio, TurnBegan, TurnEnded
from voice_bridge.engines.local import LocalEngine
from voice_bridge.engines.local.catalogue import Catalogue
from voice_bridge.engines.local.installed import MOONSHINE, is_installed
from voice_bridge.engines.local.recognizer import Decoders, GrammarRecognizer, GrammarUtterance
from voice_bridge.ports import Surroundings

sys.path.append(str(Path(__file__).parents[1]))
from tests.answers import CATALOGUE, SLOWEST, answered
from tests.echoes import DRY, LEVELS, Line, Samples, at_client_rate, pcm_of, replies, room
from tests.human import RATE, clips
from tests.spoken import SPOKEN_RATE, spoken

ROOMS: Final = {
    "dry": DRY,
    "0.3 s, direct sound 3 dB above the rest": room(0.3, 3),
    "0.5 s, as loud": room(0.5, 0),
    "0.8 s, 3 dB below": room(0.8, -3),
    "1.2 s, 6 dB below": room(1.2, -6),
}
WORDS: Final = (
    "stop", "cancel", "quiet", "yes", "no", "okay", "thank you", "goodbye", "three", "seven", "twenty",
)  # fmt: skip
VOICES: Final = (
    ("en-us+f3", 150), ("en-us+f2", 150), ("en-us+m1", 140), ("en-gb+f4", 160),
    ("en-us+m4", 165), ("en-us+f5", 145), ("en-us+Michael", 150), ("en-us+steph", 160),
)  # fmt: skip
TURNS: Final = 10


async def answers(espeak: Espeak) -> list[str]:
    """Spoken seconds of each answer of the catalogue, in the slowest voice."""
    speech = EspeakSpeech(espeak)
    seconds = {}
    for case in CATALOGUE:
        page = answered(case).pages[0]
        said = [speakable(sentence, page.language) for sentence in page.spoken]
        blocks = [
            block for text in said async for block in speech.speak(text, SLOWEST, page.language, Manner())
        ]
        seconds[case["said"]] = sum(map(duration_ms, blocks)) / 1000
    longest = sorted(seconds.items(), key=lambda item: -item[1])
    return [
        "## Spoken seconds of each answer of the catalogue",
        "",
        f"{len(seconds)} answers in the slowest of the eight voices: median "
        f"{statistics.median(seconds.values()):.1f} s, longest {longest[0][1]:.1f} s, "
        f"{sum(value >= 12 for value in seconds.values())} of 12 s or more.",
        "",
        "| asked | s |",
        "|---|---|",
        *(f"| {said} | {value:.1f} |" for said, value in longest),
    ]


async def echoes() -> list[str]:
    """Turns that the voice's own echo makes, a minute for each room and level."""
    found = [
        "## Turns that a minute of the voice's own echo makes",
        "",
        "| room: its sound falls by 60 dB in | " + " | ".join(f"{level} dB" for level, _ in LEVELS) + " |",
        "|---|" + "---|" * len(LEVELS),
    ]
    played = replies()
    for name, response in ROOMS.items():
        row = [_lengths(Line(level, delay, response), played) for level, delay in LEVELS]
        cells = (f"{len(each)}, longest {max(each)} ms" if each else "0" for each in row)
        found.append(f"| {name} | " + " | ".join(cells) + " |")
    return found


def _lengths(line: Line, played: list[Samples]) -> list[int]:
    """Of the turns in a minute, in ms."""
    seconds = 0.0
    lengths: list[int] = []
    while seconds < 60:
        for each in played:
            lengths += [event.speech_ms for event in line.play(each) if isinstance(event, TurnEnded)]
            seconds += len(each) / SAMPLE_RATE
    return lengths


async def humans(espeak: Espeak, folder: Path | None) -> list[str]:
    """What is made of human speech: words wrong, sentences cut, and commands that nobody gave."""
    cut, errors, total = 0, 0, 0
    said = {name: words for name, words, _ in clips()}
    if is_installed(MOONSHINE):
        from voice_bridge.engines.local.moonshine import Moonshine

        model = Moonshine()
        for _, words, pcm in clips():
            text = model.transcribe(np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768), "en")
            errors, total = (
                errors + wrong(words_of(text), words_of(words)),
                total + len(words_of(words)),
            )
    for _, _, pcm in clips():
        line = Line(-100, 0)
        sound = np.concatenate([QUIET, at_client_rate(pcm, RATE), QUIET, QUIET])
        cut += sum(isinstance(event, TurnBegan) for event in line.hearing.feed(pcm_of(sound))) - 1
    found = [
        "## Human speech",
        "",
        f"- words wrong, Moonshine, {len(said)} clips: "
        + (f"{errors} of {total} ({errors / total:.1%})" if total else "not installed, not measured"),
        f"- sentences cut by the end of a turn: {cut} of {len(said)}",
    ]
    decoders = Decoders(espeak)
    catalogue = Catalogue(PHRASES, NAMES)
    for where in (None, folder) if folder else (None,):
        taken = await heard_by_grammar(known(where), catalogue, decoders, may_choose=False)
        found.append(f"- the light engine, {'the folder' if where else 'the clips of the tests'}: {taken}")
        found += [f"    - {each}" for each in (*taken.commands, *taken.everyday)]
    return found


async def words(espeak: Espeak) -> list[str]:
    """How many of the commands of one word are understood, from silence and over a reply."""
    decoders = Decoders(espeak)
    catalogue = Catalogue(PHRASES, NAMES)

    async def known_commands() -> Catalogue:
        return catalogue

    played = np.concatenate(replies())[: 4 * SAMPLE_RATE]
    right: Counter[tuple[str, bool]] = Counter()
    missed = []
    for voice, rate in VOICES:
        for word in WORDS:
            sound = at_client_rate(spoken(word, voice, rate), SPOKEN_RATE)
            for over in (False, True):
                recognizer = GrammarRecognizer(known_commands, decoders)
                texts = await _only(recognizer, sound, played if over else None)
                right[word, over] += texts == [word]
                if texts != [word]:
                    missed.append(f"{word}, {voice}, {'over a reply' if over else 'from silence'}: {texts}")
    rows = [f"| {word} | {right[word, False]} | {right[word, True]} |" for word in WORDS]
    return [
        f"## Commands of one word, the light engine, {len(VOICES)} synthetic voices",
        "",
        "Each is the first of a session, while bare numbers count; a reply is in the microphone at −20 dB.",
        "",
        "| said | from silence | over a reply |",
        "|---|---|---|",
        *rows,
        "",
        *(f"- {each}" for each in missed),
    ]


async def _only(recognizer: GrammarRecognizer, sound: Samples, played: Samples | None) -> list[str]:
    if played is None:
        return await heard(recognizer, sound, may_choose=True)
    await recognizer.open()
    louder = sound / max(1e-6, float(np.abs(sound).max())) * 0.5
    utterance: GrammarUtterance | None = None
    texts = []
    for event in Line(-20, 180).play(played, over=louder):
        match event:
            case TurnBegan():
                utterance = recognizer.begin(may_choose=True)
            case TurnAudio(block) if utterance:
                utterance.feed(block)
            case TurnEnded(_, silence_ms) if utterance:
                utterance.end(silence_ms)
                texts.append(await utterance.text())
    return texts


async def times(espeak: Espeak) -> list[str]:
    """How soon the engine answers, and what a session costs."""
    vad = VadSettings()
    engine = LocalEngine(commands, vad, espeak)
    session = engine.session(Surroundings("alloy", reply))
    await session.open()
    delays, talking, silent = await measured(session, (await asked(espeak))[1], TURNS)
    await session.close()
    return [
        "## Times and CPU, the engine alone",
        "",
        f"- end of speech to first audio, {TURNS} turns: p50 {statistics.median(delays):.0f} ms, at most "
        f"{delays[-1]:.0f} ms, {vad.complete_silence_ms} ms of silence in it",
        f"- CPU of a talking session: {talking:.1%} of a core; of a silent one: {silent:.1%}",
    ]


async def main() -> None:
    """Print the table, and write it where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=Path, help="a folder that human_clips.py filled")
    parser.add_argument("--output", type=Path, help="the file to write")
    names = ("humans", "words", "echoes", "times", "answers")
    parser.add_argument("--parts", nargs="+", choices=names, default=names, help="of the table; all of it")
    options = parser.parse_args()
    espeak = Espeak()
    parts: dict[str, Callable[[], Awaitable[list[str]]]] = {
        "humans": lambda: humans(espeak, options.clips),
        "words": lambda: words(espeak),
        "echoes": echoes,
        "times": lambda: times(espeak),
        "answers": lambda: answers(espeak),
    }
    lines = ["# Speech", "", "Written by `make bench-speech`."]
    for name in options.parts:
        found = await parts[name]()
        print(*found, sep="\n", flush=True)
        lines += ["", *found]
    await espeak.close()
    if options.output:
        options.output.write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    asyncio.run(main())
