"""What the ears make of commands, of sentences that are none, and of commands of one word, by espeak-ng.

Each is the first of a session. No limit of the engine was chosen by these voices but by the first three.
"""

from itertools import product
from typing import Final

import numpy as np
from tests.echoes import Line, Samples, at_client_rate, replies
from tests.spoken import SPOKEN_RATE, spoken

from agent_runner.agents.models.spoken import PHRASES
from speech import Budget, Figures
from speech.ears import NAMES, heard, recognizer
from voice_bridge.domain.remarks import is_backchannel
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.espeak import Espeak
from voice_bridge.engines.hearing import TurnAudio, TurnBegan, TurnEnded
from voice_bridge.engines.local.catalogue import words_of
from voice_bridge.engines.local.recognizer import Decoders, GrammarUtterance

NOTHING_DB: Final = -200
VOICES: Final = (
    ("en-us+f3", 150), ("en-us+f2", 150), ("en-us+m1", 140), ("en-gb+f4", 160),
    ("en-us+m4", 165), ("en-us+f5", 145), ("en-us+Michael", 150), ("en-us+steph", 160),
)  # fmt: skip
WORDS: Final = (
    "stop", "cancel", "quiet", "louder", "slower", "yes", "no", "okay", "thank you", "goodbye", "three",
    "seven", "twenty",
)  # fmt: skip
ECHOES: Final = ((-12, 350), (-20, 180), (-30, 60))
"""How loud a reply is in the microphone, in dB, and how late, in ms."""
MOMENTS: Final = (1.0, 1.5, 2.0, 2.5)
"""Seconds after the first reply began."""
LISTENING: Final = (
    ("mm hmm", "en-us+f3"), ("mm hmm", "en-us+m1"), ("yeah", "en-us+f2"), ("yeah", "en-gb+f4"),
    ("uh huh", "en-us+m4"), ("okay", "en-us+f5"), ("right", "en-us+steph"), ("네", "ko+f3"), ("네", "ko+m3"),
    ("응", "ko+f2"), ("아 네", "ko+m1"), ("그렇군요", "ko+f4"),
)  # fmt: skip
"""What people say who only listen."""
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


async def of_first_seconds(espeak: Espeak, budget: Budget) -> Figures:
    """ "Stop" over the first reply where nothing comes back, by when it is said."""
    decoders = Decoders(espeak)
    played = np.concatenate(replies())[: 5 * SAMPLE_RATE]
    right = {str(moment): 0 for moment in MOMENTS}
    voices = 0
    for voice, rate in VOICES:
        if budget.is_over:
            break
        voices += 1
        sound = at_client_rate(spoken("stop", voice, rate), SPOKEN_RATE)
        for moment in MOMENTS:
            late = np.concatenate([np.zeros(round((moment - 1) * SAMPLE_RATE), np.float32), sound])
            texts = await _over(decoders, late, played, Line(NOTHING_DB, 0))
            right[str(moment)] += texts == ["stop"]
    return {"voices": voices, "right": right}


async def of_listeners(espeak: Espeak, budget: Budget) -> Figures:
    """What is made of those who only listen, over a reply that comes back."""
    decoders = Decoders(espeak)
    played = np.concatenate(replies())[: 4 * SAMPLE_RATE]
    found: Figures = {"said": 0, "harmless": 0, "taken": []}
    for (level_db, delay_ms), (said, voice) in product(ECHOES, LISTENING):
        if budget.is_over:
            break
        sound = at_client_rate(spoken(said, voice), SPOKEN_RATE)
        texts = await _over(decoders, sound, played, Line(level_db, delay_ms))
        found["said"] += 1
        if all(map(is_backchannel, texts)):
            found["harmless"] += 1
        else:
            found["taken"].append(f"{said}, {voice}, {level_db} dB: {', '.join(texts)}")
    return found


async def _over(decoders: Decoders, sound: Samples, played: Samples, line: Line | None = None) -> list[str]:
    """What is understood of what is said over a reply; without a line it comes back at −20 dB."""
    ears = recognizer(decoders)
    await ears.open()
    louder = sound / max(1e-6, float(np.abs(sound).max())) * 0.5
    line = line or Line(-20, 180)
    utterance: GrammarUtterance | None = None
    texts = []
    for event in line.play(played, over=louder):
        match event:
            case TurnBegan():
                utterance = ears.begin(may_choose=True)
            case TurnAudio(block) if utterance:
                utterance.feed(block)
            case TurnEnded(_, silence_ms) if utterance:
                utterance.end(silence_ms)
                texts.append(await utterance.text())
    return texts
