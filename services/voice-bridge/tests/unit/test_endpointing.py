"""Where turns begin and end, from probabilities alone."""

import pytest

from voice_bridge.domain.endpointing import Edge, Endpointer, VadSettings

SETTINGS = VadSettings(threshold=0.5, silence_ms=96, start_ms=64, longest_turn_ms=640)


def edges(probabilities: list[float]) -> list[tuple[int, Edge]]:
    endpointer = Endpointer(SETTINGS)
    return [(n, edge) for n, p in enumerate(probabilities) if (edge := endpointer.feed(p))]


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [
        ([0.0] * 10, []),
        ([0.9, 0.0, 0.9, 0.0], []),
        ([0.0, 0.9, 0.9, 0.9, 0.0, 0.0, 0.0], [(2, Edge.STARTED), (6, Edge.ENDED)]),
        ([0.9, 0.9, 0.0, 0.0, 0.9, 0.0, 0.0], [(1, Edge.STARTED)]),
        ([0.9, 0.9, 0.4, 0.4, 0.4, 0.4], [(1, Edge.STARTED)]),
        ([0.9] * 20, [(1, Edge.STARTED), (19, Edge.ENDED)]),
    ],
)
def test_edges(probabilities: list[float], expected: list[tuple[int, Edge]]) -> None:
    assert edges(probabilities) == expected


def test_speech_is_counted_without_the_silence_after_it() -> None:
    endpointer = Endpointer(SETTINGS)
    for probability in [0.9, 0.9, 0.9, 0.0, 0.0, 0.0]:
        endpointer.feed(probability)
    assert endpointer.speech_ms == 3 * 32
