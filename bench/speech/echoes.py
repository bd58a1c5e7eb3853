"""Turns that the voice's own echo makes, in rooms and at levels of sound."""

from math import ceil
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
    seconds = sum(map(len, played)) / SAMPLE_RATE
    lines = [
        (Line(level, delay, response), found[name].setdefault(str(level), {"seconds": 0.0, "turns_ms": []}))
        for name, response in ROOMS.items()
        for level, delay in LEVELS
    ]
    # In rounds, so that each has had some when the time is up.
    for _ in range(ceil(MINUTE / seconds)):
        for line, cell in lines:
            if budget.is_over:
                return found
            events = [event for reply in played for event in line.play(reply)]
            cell["turns_ms"] += [event.speech_ms for event in events if isinstance(event, TurnEnded)]
            cell["seconds"] = round(cell["seconds"] + seconds, 1)
    return found
