"""Turns that the voice's own echo makes, in rooms and at levels of sound."""

from typing import Final

from tests.echoes import DRY, LEVELS, Line, replies, room

from speech import Budget, Figures
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.hearing import TurnEnded

ROOMS: Final = {
    "dry": DRY,
    "0.3 s, direct sound 3 dB above the rest": room(0.3, 3),
    "0.5 s, as loud": room(0.5, 0),
    "0.8 s, 3 dB below": room(0.8, -3),
    "1.2 s, 6 dB below": room(1.2, -6),
}
MINUTE: Final = 60.0


async def figures(budget: Budget) -> Figures:
    """By room and level: seconds played, and the lengths of the turns in ms."""
    found: Figures = {name: {} for name in ROOMS}
    played = replies()
    for name, response in ROOMS.items():
        for level, delay in LEVELS:
            line = Line(level, delay, response)
            seconds, lengths = 0.0, list[int]()
            while seconds < MINUTE and not budget.is_over:
                for each in played:
                    lengths += [event.speech_ms for event in line.play(each) if isinstance(event, TurnEnded)]
                    seconds += len(each) / SAMPLE_RATE
            found[name][str(level)] = {"seconds": round(seconds), "turns_ms": lengths}
    return found
