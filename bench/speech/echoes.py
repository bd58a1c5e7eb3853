"""Turns that the voice's own echo makes, in rooms and at levels of sound."""

from itertools import product
from math import ceil
from typing import Final

from tests.echoes import DRY, LEVELS, Line, Samples, at_client_rate, replies, room
from tests.spoken import SPOKEN_RATE, spoken

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
DELAYS: Final = (20, 120, 500, 700, 1000, 1300)
"""In ms; `LEVELS` has others."""
UNSEEN: Final = (
    ("Your report of the month is written, and can be read on the screen.", "en-gb+m7"),
    ("There are four notes about security. Shall I read the first one to you?", "en-us+Alex"),
    ("회의는 내일 오후 세 시입니다. 자세한 내용을 읽어 드릴까요?", "ko+m5"),
)
"""Sentences and voices by which nothing was chosen."""
UNSEEN_ROOMS: Final = {"dry": DRY, "0.25 s": room(0.25, 6), "0.4 s": room(0.4, 1), "0.6 s": room(0.6, -1)}


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


async def of_unseen(budget: Budget) -> Figures:
    """By room, of other sentences, voices and delays: seconds played, and the lengths of the turns."""
    found: Figures = {name: {"seconds": 0.0, "turns_ms": [], "where": []} for name in UNSEEN_ROOMS}
    played = _unseen()
    seconds = sum(map(len, played)) / SAMPLE_RATE
    for (level_db, _), delay_ms, name in product(LEVELS, DELAYS, UNSEEN_ROOMS):
        if budget.is_over:
            break
        line = Line(level_db, delay_ms, UNSEEN_ROOMS[name])
        turns = [
            event.speech_ms for reply in played for event in line.play(reply) if isinstance(event, TurnEnded)
        ]
        cell = found[name]
        cell["turns_ms"] += turns
        cell["where"] += [f"{level_db} dB, {delay_ms} ms"] if turns else []
        cell["seconds"] = round(cell["seconds"] + seconds, 1)
    return found


def _unseen() -> list[Samples]:
    return [at_client_rate(spoken(text, voice, 165), SPOKEN_RATE) for text, voice in UNSEEN]
