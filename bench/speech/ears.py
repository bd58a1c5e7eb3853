"""The ears of new sessions, with all that the agent's catalogue has."""

from typing import Final

import numpy as np
from tests.echoes import FRAME, Samples, pcm_of

from agent_runner.agents.models.spoken import PHRASES
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.speech import SAMPLE_RATE
from voice_bridge.engines.echo import EchoGuard
from voice_bridge.engines.hearing import TurnEnded
from voice_bridge.engines.listening import Edges, Listener, Utterance
from voice_bridge.engines.local.catalogue import Catalogue
from voice_bridge.engines.local.recognizer import Decoders, GrammarRecognizer

NAMES: Final = (
    "Emma Carter",
    "Liam Patel",
    "Sofia Rossi",
    "Noah Fischer",
    "Olivia Brown",
    "Lucas Martin",
    "Mia Tanaka",
)
QUIET: Final = np.zeros(SAMPLE_RATE, np.float32)
_CATALOGUE: Final = Catalogue(PHRASES, NAMES)


async def _commands() -> Catalogue:
    return _CATALOGUE


def recognizer(decoders: Decoders) -> GrammarRecognizer:
    """That of a new session."""
    return GrammarRecognizer(_commands, decoders)


async def heard(decoders: Decoders, sound: Samples, *, may_choose: bool) -> list[str]:
    """What is understood of the turns in a sound (24 kHz), with silence around it."""
    ended: list[Utterance] = []

    def report(edges: Edges) -> None:
        ended.extend(utterance for edge, utterance in edges if isinstance(edge, TurnEnded))

    ears = recognizer(decoders)
    listener = Listener(ears, VadSettings(), EchoGuard(), report, lambda: False, lambda: may_choose)
    await listener.open()
    sent = pcm_of(np.concatenate([QUIET, sound, QUIET, QUIET]))
    for start in range(0, len(sent), 2 * FRAME):
        await listener.push(sent[start : start + 2 * FRAME])
    listener.close()
    return [await utterance.text() for utterance in ended]
