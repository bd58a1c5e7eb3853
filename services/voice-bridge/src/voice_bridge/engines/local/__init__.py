"""The engine that needs no key and no network: pocketsphinx with a grammar, and espeak-ng.

Read `catalogue` for what can be said, `recognizer` for how it is understood.
"""

from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.engines.espeak import Espeak, EspeakSpeech
from voice_bridge.engines.local.catalogue import Commands
from voice_bridge.engines.local.recognizer import Decoders, GrammarRecognizer
from voice_bridge.engines.pipeline import PipelineSession
from voice_bridge.ports import Surroundings


class LocalEngine:
    """An `Engine` for sessions that all understand the same catalogue."""

    def __init__(
        self, commands: Commands, vad: VadSettings | None = None, espeak: Espeak | None = None
    ) -> None:
        """Have a child process for `espeak` of its own where none is given."""
        self._commands = commands
        self._vad = vad or VadSettings()
        self._espeak = espeak or Espeak()
        self._speech = EspeakSpeech(self._espeak)
        self._decoders = Decoders(self._espeak)

    def session(self, surroundings: Surroundings) -> PipelineSession:
        """As `Engine.session`."""
        recognizer = GrammarRecognizer(self._commands, self._decoders)
        return PipelineSession(surroundings, recognizer, self._speech, self._vad)

    async def close(self) -> None:
        """As `Engine.close`."""
        await self._espeak.close()
