"""What is measured of a turn: every time from the end of the utterance, each once."""

import pytest
from prometheus_client import CollectorRegistry

from voice_bridge.domain.speech import ReplyText, SpeechConfirmed, TokensUsed, TurnCommitted, UserTranscript
from voice_bridge.metrics import Metrics, TurnTimer


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def timer(registry: CollectorRegistry) -> TurnTimer:
    return TurnTimer(Metrics(registry))


def measured(registry: CollectorRegistry, name: str) -> tuple[float | None, float | None]:
    """How often, and the seconds together."""
    values = (registry.get_sample_value(f"parley_voice_{name}_seconds_{end}") for end in ("count", "sum"))
    count, total = values
    return count, None if total is None else round(total, 3)


def test_times_count_from_the_last_sound_and_not_from_its_detection(
    registry: CollectorRegistry, timer: TurnTimer
) -> None:
    timer.engine(TurnCommitted("item-1", 600), 10.0)
    timer.engine(UserTranscript("item-1", "get all contacts", 900), 10.1)
    for now in (10.3, 10.6):
        timer.engine(ReplyText("reply-1", 0, "I found"), now)
    for now in (10.4, 10.44):
        timer.plays(now)
    assert measured(registry, "transcription_delay") == (1.0, 0.7)
    assert measured(registry, "time_to_first_token") == (1.0, 0.9)
    assert measured(registry, "time_to_first_audio") == (1.0, 1.0)
    assert registry.get_sample_value("parley_voice_turns_total") == 1


def test_a_turn_that_the_user_takes_back_is_not_timed(registry: CollectorRegistry, timer: TurnTimer) -> None:
    timer.engine(TurnCommitted("item-1", 600), 10.0)
    timer.engine(SpeechConfirmed("item-2"), 10.2)
    timer.plays(10.4)
    assert measured(registry, "time_to_first_audio") == (0.0, 0.0)


def test_the_tokens_that_a_service_reports_are_counted(registry: CollectorRegistry, timer: TurnTimer) -> None:
    for _ in range(2):
        timer.engine(TokensUsed(120, 30), 1.0)
    counted = {
        kind: registry.get_sample_value("parley_voice_tokens_total", {"kind": kind})
        for kind in ("input", "output")
    }
    assert counted == {"input": 240, "output": 60}
