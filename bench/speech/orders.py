"""What the ears make of commands, of sentences that are none, and of commands of one word, by espeak-ng.

Each is the first of a session. The engine was tuned with none of these voices.
"""

from typing import Final

import numpy as np
from tests.echoes import Line, Samples, at_client_rate, replies
from tests.spoken import SPOKEN_RATE, spoken

from agent_runner.agents.models.spoken import PHRASES
from speech import Budget, Figures
from speech.ears import NAMES, heard, recognizer
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.espeak import Espeak
from voice_bridge.engines.hearing import TurnAudio, TurnBegan, TurnEnded
from voice_bridge.engines.local.catalogue import words_of
from voice_bridge.engines.local.recognizer import Decoders, GrammarUtterance

VOICES: Final = (
    ("en-us+f3", 150), ("en-us+f2", 150), ("en-us+m1", 140), ("en-gb+f4", 160),
    ("en-us+m4", 165), ("en-us+f5", 145), ("en-us+Michael", 150), ("en-us+steph", 160),
)  # fmt: skip
WORDS: Final = (
    "stop", "cancel", "quiet", "yes", "no", "okay", "thank you", "goodbye", "three", "seven", "twenty",
)  # fmt: skip
STRANGE: Final = (
    "the weather will be nice tomorrow afternoon",
    "purple elephants juggle seventeen umbrellas",
    "my grandmother bakes bread on sunday",
    "could you please play some jazz music",
    "the train leaves from platform nine",
    "football is more fun than chess",
)


async def figures(espeak: Espeak, budget: Budget) -> Figures:
    """Of each command of the catalogue by one voice, and of sentences that are none."""
    decoders = Decoders(espeak)
    filled = [phrase.replace("{name}", NAMES[n % len(NAMES)]) for n, phrase in enumerate(PHRASES)]
    commands = [phrase for phrase in filled if "{" not in phrase]
    found: Figures = {"said": 0, "right": 0, "refused": [], "wrong": [], "strange": 0, "accepted": []}
    for number, text in enumerate((*STRANGE, *commands)):
        if budget.is_over:
            break
        voice, rate = VOICES[number % len(VOICES)]
        texts = await heard(
            decoders, at_client_rate(spoken(text, voice, rate), SPOKEN_RATE), may_choose=False
        )
        understood = " ".join(filter(None, texts))
        is_strange = text in STRANGE
        found["strange" if is_strange else "said"] += 1
        if is_strange:
            found["accepted"] += [f"{voice}: {text}: {understood}"] if understood else []
        elif words_of(understood) == words_of(text):
            found["right"] += 1
        elif understood:
            found["wrong"].append(f"{voice}: {text}: {understood}")
        else:
            found["refused"].append(f"{voice}: {text}")
    return found


async def of_one_word(espeak: Espeak, budget: Budget) -> Figures:
    """From silence and over a reply, while bare numbers count, which makes it harder."""
    decoders = Decoders(espeak)
    played = np.concatenate(replies())[: 4 * SAMPLE_RATE]
    right = {where: dict.fromkeys(WORDS, 0) for where in ("silence", "reply")}
    missed: list[str] = []
    voices = 0
    for voice, rate in VOICES:
        if budget.is_over:
            break
        voices += 1
        for word in WORDS:
            sound = at_client_rate(spoken(word, voice, rate), SPOKEN_RATE)
            for where in right:
                texts = (
                    await heard(decoders, sound, may_choose=True)
                    if where == "silence"
                    else await _over(decoders, sound, played)
                )
                right[where][word] += texts == [word]
                if texts != [word]:
                    missed.append(f"{word}, {voice}, {where}: {', '.join(texts) or 'no turn'}")
    return {"voices": voices, **right, "missed": missed}


async def _over(decoders: Decoders, sound: Samples, played: Samples) -> list[str]:
    """What is understood of what is said over a reply that is in the microphone at −20 dB."""
    ears = recognizer(decoders)
    await ears.open()
    louder = sound / max(1e-6, float(np.abs(sound).max())) * 0.5
    utterance: GrammarUtterance | None = None
    texts = []
    for event in Line(-20, 180).play(played, over=louder):
        match event:
            case TurnBegan():
                utterance = ears.begin(may_choose=True)
            case TurnAudio(block) if utterance:
                utterance.feed(block)
            case TurnEnded(_, silence_ms) if utterance:
                utterance.end(silence_ms)
                texts.append(await utterance.text())
    return texts
