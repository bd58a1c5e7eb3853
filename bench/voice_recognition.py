"""How much of what is said to the local engine is understood, on the first turn of a session.

Run as ``python bench/voice_recognition.py``. The phrases are spoken by espeak-ng voices that the engine was
not warmed with, each to a decoder as a new session gets it. A part of what is said is in no grammar and
has to be refused.
"""

import asyncio
import shutil
import subprocess
import sys

import numpy as np
import soxr

from agent_runner.agents.models.spoken import PHRASES
from voice_bridge.engines.audio import HEARING_RATE
from voice_bridge.engines.espeak import Espeak
from voice_bridge.engines.local.catalogue import EVERYDAY, Catalogue, words_of
from voice_bridge.engines.local.recognizer import Decoders, GrammarRecognizer

NAMES = (
    "Emma Carter",
    "Liam Patel",
    "Sofia Rossi",
    "Noah Fischer",
    "Olivia Brown",
    "Lucas Martin",
    "Mia Tanaka",
)
VOICES = (("en-us+f2", 150), ("en-us+m1", 140), ("en-gb+f4", 160), ("en-us+m4", 165), ("en-us+f5", 145))
STRANGE = (
    "the weather will be nice tomorrow afternoon",
    "purple elephants juggle seventeen umbrellas",
    "my grandmother bakes bread on sunday",
    "could you please play some jazz music",
    "the train leaves from platform nine",
    "football is more fun than chess",
)
BLOCK = 1024


def speak(text: str, voice: str, rate: int) -> bytes:
    """Speech at the recognizer's rate, with a little silence around it."""
    program = [
        shutil.which("espeak-ng") or "espeak-ng",
        "-b",
        "1",
        "-v",
        voice,
        "-s",
        str(rate),
        "--stdout",
        text,
    ]
    wav = subprocess.run(program, capture_output=True, check=True).stdout
    samples = np.frombuffer(wav[44:], "<i2").astype(np.float32) / 32768
    heard = soxr.resample(samples, 22_050, HEARING_RATE)
    padded = np.concatenate((np.zeros(4800), heard, np.zeros(4000)))
    return bytes((np.clip(padded, -1, 1) * 32767).astype("<i2").tobytes())


async def recognized(recognizer: GrammarRecognizer, pcm: bytes) -> str:
    """What a session's recognizer makes of its first turn."""
    utterance = recognizer.begin(may_choose=True)
    for start in range(0, len(pcm), BLOCK):
        utterance.feed(pcm[start : start + BLOCK])
    utterance.end(None)
    return await utterance.text()


def spoken(number: int) -> list[str]:
    """Phrases of the grammar, with names put in; another part of them for each number."""
    filled = [phrase.replace("{name}", NAMES[(n + number) % len(NAMES)]) for n, phrase in enumerate(PHRASES)]
    texts = [phrase for phrase in (*filled, *EVERYDAY) if "{" not in phrase]
    return texts[number :: len(VOICES)] if number < len(VOICES) else texts


async def main(everything: bool) -> None:
    """Print the figures."""
    catalogue = Catalogue(PHRASES, NAMES)

    async def commands() -> Catalogue:
        return catalogue

    espeak = Espeak()
    decoders = Decoders(espeak)
    refused = wrong = said = accepted = strange = 0
    for number, (voice, rate) in enumerate(VOICES):
        texts = spoken(len(VOICES) + number if everything else number)
        for text in (*texts, *STRANGE):
            recognizer = GrammarRecognizer(commands, decoders)
            await recognizer.open()
            heard = await recognized(recognizer, speak(text, voice, rate))
            if text in STRANGE:
                strange += 1
                accepted += bool(heard)
            else:
                said += 1
                refused += not heard
                wrong += bool(heard) and words_of(heard) != words_of(text)
            if (text in STRANGE) == bool(heard) or (heard and words_of(heard) != words_of(text)):
                print(f"  {voice}: {text!r} was heard as {heard!r}")
    print(f"in the grammar: {said} phrases, {refused} refused, {wrong} understood wrongly")
    print(f"in no grammar: {strange} phrases, {accepted} accepted")
    await espeak.close()


if __name__ == "__main__":
    asyncio.run(main("--all" in sys.argv))
