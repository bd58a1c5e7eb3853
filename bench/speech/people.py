"""What the ears make of human speech: words wrong, sentences cut, and commands that nobody gave."""

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np
from tests.echoes import Line, at_client_rate, pcm_of
from tests.human import RATE, clips

from speech import Budget, Figures
from speech.ears import QUIET, heard
from voice_bridge.domain.remarks import plain
from voice_bridge.engines.audio import samples_of
from voice_bridge.engines.espeak import Espeak
from voice_bridge.engines.hearing import TurnBegan
from voice_bridge.engines.local.catalogue import EVERYDAY
from voice_bridge.engines.local.installed import MOONSHINE, is_installed
from voice_bridge.engines.local.recognizer import Decoders

NOTHING_PLAYED_DB: Final = -100
NUMBERS: Final = {
    "33": "thirty three",
    "92": "ninety two",
    "10": "ten",
    "mr": "mister",
    "4": "four",
    "6": "six",
}


def words_of(text: str) -> list[str]:
    """The words as both sides spell them."""
    words = plain(text.replace("-", " ").replace(",", " ")).split()
    return " ".join(NUMBERS.get(word, word) for word in words).split()


def wrong(heard: list[str], said: list[str]) -> int:
    """Words to add, leave out or change (Levenshtein)."""
    row = list(range(len(said) + 1))
    for number, word in enumerate(heard, start=1):
        before, row[0] = row[0], number
        for position, other in enumerate(said, start=1):
            before, row[position] = (
                row[position],
                min(row[position] + 1, row[position - 1] + 1, before + (word != other)),
            )
    return row[-1]


async def figures(espeak: Espeak, folder: Path | None, budget: Budget) -> Figures:
    """Of the clips in `tests/human_speech`, and of those in a folder as far as the time goes."""
    decoders = Decoders(espeak)
    found: Figures = {
        "words_wrong": _words_wrong(),
        "clips": len(list(clips())),
        "cut": sum(_turns(pcm) - 1 for _, _, pcm in clips()),
        "tests": await _taken(((name, pcm) for name, _, pcm in clips()), decoders, budget),
    }
    if folder is not None:
        found["folder"] = await _taken(_of_folder(folder), decoders, budget)
    return found


def _words_wrong() -> Figures | None:
    """By Moonshine, where it is installed."""
    if not is_installed(MOONSHINE):
        return None
    from voice_bridge.engines.local.moonshine import Moonshine

    model = Moonshine()
    texts = [(words_of(model.transcribe(samples_of(pcm), "en")), words_of(said)) for _, said, pcm in clips()]
    return {"wrong": sum(wrong(*each) for each in texts), "of": sum(len(said) for _, said in texts)}


def _turns(pcm: bytes) -> int:
    sound = np.concatenate([QUIET, at_client_rate(pcm, RATE), QUIET, QUIET])
    hearing = Line(NOTHING_PLAYED_DB, 0).hearing
    return sum(isinstance(event, TurnBegan) for event in hearing.feed(pcm_of(sound)))


def _of_folder(folder: Path) -> Iterator[tuple[str, bytes]]:
    """In an order that is the same each time and mixes the sources: there may be time for a part only."""
    for file in sorted(folder.glob("*.wav"), key=lambda file: crc32(file.name.encode())):
        with wave.open(str(file)) as clip:
            yield file.stem, clip.readframes(clip.getnframes())


async def _taken(sounds: Iterator[tuple[str, bytes]], decoders: Decoders, budget: Budget) -> Figures:
    """What the grammar takes of speech that was meant for nobody; each command is a wrong one."""
    seconds, turns = 0.0, 0
    taken: dict[str, list[str]] = {"commands": [], "everyday": []}
    for name, pcm in sounds:
        if budget.is_over:
            break
        texts = await heard(decoders, at_client_rate(pcm, RATE), may_choose=False)
        seconds += len(pcm) / 2 / RATE
        turns += len(texts)
        for text in filter(None, texts):
            taken["everyday" if plain(text) in EVERYDAY else "commands"].append(f"{name}: {text}")
    return {"minutes": round(seconds / 60, 1), "turns": turns, **taken}
