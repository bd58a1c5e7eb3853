"""What the local engine's ears make of human speech: words wrong, and nonsense that the grammar takes.

Uses the clips in ``tests/human_speech``, again at other levels and with noise for as many minutes as the
first argument says (10).
"""

import asyncio
import sys
from itertools import count, islice
from pathlib import Path
from typing import Final

import numpy as np

from contracts.queries import SpokenCommands
from voice_bridge.domain.remarks import plain, understood
from voice_bridge.engines.espeak import Espeak
from voice_bridge.engines.local.catalogue import Catalogue
from voice_bridge.engines.local.free import Model
from voice_bridge.engines.local.installed import MOONSHINE, WHISPER, is_installed
from voice_bridge.engines.local.recognizer import Decoders, GrammarRecognizer

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.human import RATE, clips

MINUTES: Final = float(sys.argv[1]) if sys.argv[1:] else 10.0
BLOCK: Final = 1024
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


def measure(model: Model, name: str) -> None:
    """Print the share of words that a free recogniser gets wrong."""
    errors = total = 0
    for clip, said, pcm in clips():
        heard = model.transcribe(np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768), "en")
        count_wrong = wrong(words_of(heard), words_of(said))
        errors, total = errors + count_wrong, total + len(words_of(said))
        if count_wrong:
            print(f"  {clip}: {heard!r} for {said!r}")
    print(f"{name}: {errors} of {total} words wrong ({errors / total:.1%})")


async def grammar(commands: SpokenCommands) -> None:
    """Print what of free speech the grammar takes for a command."""
    espeak = Espeak()

    async def known() -> Catalogue:
        return Catalogue(commands.phrases, commands.names)

    random = np.random.default_rng(1)
    taken: dict[str, int] = {}
    seconds, number = 0.0, 0
    try:
        for number in count():
            if seconds > MINUTES * 60:
                break
            recognizer = GrammarRecognizer(known, Decoders(espeak))
            await recognizer.open()
            for clip, said, pcm in clips():
                samples = np.frombuffer(pcm, "<i2").astype(np.float32) * (1.0, 0.5, 0.25)[number % 3]
                samples += random.normal(size=len(samples)) * 20 * (number % 5)
                loud = np.clip(samples, -32768, 32767).astype("<i2").tobytes()
                utterance = recognizer.begin(may_choose=False)
                for start in range(0, len(loud), BLOCK):
                    utterance.feed(loud[start : start + BLOCK])
                utterance.end()
                heard = await utterance.text()
                seconds += len(pcm) / 2 / RATE
                if heard and words_of(heard) != words_of(said) and understood(heard) is None:
                    taken[f"{clip}: {heard}"] = taken.get(f"{clip}: {heard}", 0) + 1
    finally:
        await espeak.close()
    print(f"grammar: {sum(taken.values())} wrong commands in {seconds / 60:.0f} minutes ({number} rounds)")
    for what, times in islice(sorted(taken.items(), key=lambda each: -each[1]), 20):
        print(f"  {times} x {what}")


def main() -> None:
    """Measure what is installed."""
    if is_installed(MOONSHINE):
        from voice_bridge.engines.local.moonshine import Moonshine

        measure(Moonshine(), "moonshine")
    if is_installed(WHISPER) and "--whisper" in sys.argv:
        from voice_bridge.engines.local.whisper import Whisper

        measure(Whisper(), "whisper")
    phrases = (
        "get all contacts",
        "email of {name}",
        "analyze the sales",
        "list the data sets",
        "who are you",
    )
    asyncio.run(grammar(SpokenCommands(phrases=phrases, names=("Emma Carter", "Mia Tanaka", "Liam Patel"))))


if __name__ == "__main__":
    main()
