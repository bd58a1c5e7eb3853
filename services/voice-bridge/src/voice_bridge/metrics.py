"""What is measured of each turn, by the field's names. Times count from the end of the user's utterance."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from voice_bridge.domain.speech import (
    EngineEvent,
    ReplyText,
    SpeechConfirmed,
    TokensUsed,
    TurnCommitted,
    UserTranscript,
)

_SECONDS: Final = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0)


class Metrics:
    """One process's."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def histogram(name: str, about: str) -> Histogram:
            return Histogram(f"parley_voice_{name}_seconds", about, buckets=_SECONDS, registry=registry)

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(f"parley_voice_{name}", about, labels, registry=registry)

        self.transcription = histogram("transcription_delay", "End of utterance to its transcript")
        self.first_token = histogram("time_to_first_token", "End of utterance to the reply's first words")
        self.first_audio = histogram("time_to_first_audio", "End of utterance to the first audio sent")
        self.turns = counter("turns", "Turns that users ended")
        self.interruptions = counter("interruptions", "Replies that users spoke over and ended")
        self.false_alarms = counter("false_interruptions", "Replies that paused for a sound and went on")
        self.spoken_seconds = counter("spoken_seconds", "Seconds of replies that users heard")
        self.heard_seconds = counter("heard_seconds", "Seconds that users spoke")
        self.tokens = counter("tokens", "Tokens that a speech service reported", "kind")
        self.unread = counter(
            "upstream_events_unread", "Events of a speech service that mean nothing here", "type"
        )


class TurnTimer:
    """Follows the turns of one session."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._ended_at: float | None = None
        self._has_words = False

    def engine(self, event: EngineEvent, now: float) -> None:
        """The engine told something."""
        match event:
            case TurnCommitted(_, silence_ms):
                self._ended_at, self._has_words = now - silence_ms / 1000, False
                self._metrics.turns.inc()
            case UserTranscript() if self._ended_at is not None:
                self._metrics.transcription.observe(now - self._ended_at)
            case ReplyText() if self._ended_at is not None and not self._has_words:
                self._has_words = True
                self._metrics.first_token.observe(now - self._ended_at)
            case TokensUsed(given, made):
                self._metrics.tokens.labels("input").inc(given)
                self._metrics.tokens.labels("output").inc(made)
            case SpeechConfirmed():
                self._ended_at = None

    def plays(self, now: float) -> None:
        """Audio was sent to the client."""
        if self._ended_at is not None:
            self._metrics.first_audio.observe(now - self._ended_at)
            self._ended_at = None
