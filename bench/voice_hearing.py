"""What the local engine's ears make of human speech: words wrong, and nonsense that the grammar takes.

Uses the clips in ``tests/human_speech``, and those in the folder that is named (`human_clips.py` fills one)
for what the grammar takes; ``--choose`` is as if something had been told that one can choose from.
"""

import asyncio
import sys
import wave
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from human_clips import half

from agent_runner.agents.models.spoken import PHRASES
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.remarks import plain
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.echo import EchoGuard
from voice_bridge.engines.espeak import Espeak
from voice_bridge.engines.hearing import TurnEnded
from voice_bridge.engines.listening import Edges, Listener, Utterance
from voice_bridge.engines.local.catalogue import EVERYDAY, Catalogue
from voice_bridge.engines.local.free import Model
from voice_bridge.engines.local.installed import MOONSHINE, WHISPER, is_installed
from voice_bridge.engines.local.recognizer import Decoders, GrammarRecognizer

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.echoes import FRAME, Samples, at_client_rate, pcm_of
from tests.human import RATE, clips

QUIET: Final = np.zeros(SAMPLE_RATE, np.float32)
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


async def heard(recognizer: GrammarRecognizer, sound: Samples, *, may_choose: bool) -> list[str]:
    """What the ears of a new session make of the turns in a sound (24 kHz), with silence around it."""
    ended: list[Utterance] = []

    def report(edges: Edges) -> None:
        ended.extend(utterance for edge, utterance in edges if isinstance(edge, TurnEnded))

    listener = Listener(recognizer, VadSettings(), EchoGuard(), report, lambda: False, lambda: may_choose)
    await listener.open()
    sent = pcm_of(np.concatenate([QUIET, sound, QUIET, QUIET]))
    for start in range(0, len(sent), 2 * FRAME):
        await listener.push(sent[start : start + 2 * FRAME])
    listener.close()
    return [await utterance.text() for utterance in ended]


def known(folder: Path | None) -> Iterator[tuple[str, bytes]]:
    """Name and audio of the clips in `tests/human_speech`, or of those in a folder that was filled."""
    if folder is None:
        yield from ((name, pcm) for name, _, pcm in clips())
        return
    for file in sorted(folder.glob("*.wav")):
        with wave.open(str(file)) as clip:
            yield file.stem, clip.readframes(clip.getnframes())


@dataclass
class Taken:
    """What of speech that was meant for nobody the grammar took; each command is a wrong one."""

    commands: list[str] = field(default_factory=list)
    everyday: list[str] = field(default_factory=list)
    seconds: float = 0.0
    turns: int = 0

    def __str__(self) -> str:
        return (
            f"{self.seconds / 60:.1f} minutes, {self.turns} turns, {len(self.commands)} wrong commands, "
            f"{len(self.everyday)} everyday phrases"
        )


async def heard_by_grammar(
    clips: Iterable[tuple[str, bytes]], catalogue: Catalogue, decoders: Decoders, *, may_choose: bool
) -> Taken:
    """What the grammar takes of clips, each in a session of its own."""

    async def commands() -> Catalogue:
        return catalogue

    taken = Taken()
    for clip, pcm in clips:
        taken.seconds += len(pcm) / 2 / RATE
        recognizer = GrammarRecognizer(commands, decoders)
        texts = await heard(recognizer, at_client_rate(pcm, RATE), may_choose=may_choose)
        taken.turns += len(texts)
        for text in filter(None, texts):
            kind = taken.everyday if plain(text) in EVERYDAY else taken.commands
            kind.append(f"{clip}: {text}")
    return taken


async def grammar(catalogue: Catalogue, folder: Path | None, *, may_choose: bool) -> None:
    """Print what the grammar takes of the clips in `tests/human_speech`, or of the halves of a folder."""
    espeak = Espeak()
    decoders = Decoders(espeak)
    halves = ("the clips of the tests",) if folder is None else ("looked at", "held back")
    for number, name in enumerate(halves):
        chosen = [each for each in known(folder) if folder is None or half(each[0]) == number]
        taken = await heard_by_grammar(chosen, catalogue, decoders, may_choose=may_choose)
        print(f"{name}: {taken}")
        print(*(f"  {each}" for each in (*taken.commands, *taken.everyday)), sep="\n", flush=True)
    await espeak.close()


def main() -> None:
    """Measure what is installed."""
    if is_installed(MOONSHINE):
        from voice_bridge.engines.local.moonshine import Moonshine

        measure(Moonshine(), "moonshine")
    if is_installed(WHISPER) and "--whisper" in sys.argv:
        from voice_bridge.engines.local.whisper import Whisper

        measure(Whisper(), "whisper")
    folder = Path(sys.argv[1]) if sys.argv[1:] and not sys.argv[1].startswith("-") else None
    names = ("Emma Carter", "Liam Patel", "Sofia Rossi", "Noah Fischer", "Olivia Brown", "Lucas Martin")
    asyncio.run(grammar(Catalogue(PHRASES, names), folder, may_choose="--choose" in sys.argv))


if __name__ == "__main__":
    main()
