"""The engine that needs no key and no network, made of what is installed.

Its ears are pocketsphinx with a grammar (`recognizer`, `catalogue`) or a model that takes any words (`free`);
its voice is espeak-ng, and hibari for English where it is installed.
"""

import logging
from typing import Literal, TypeAlias

from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.engines.espeak import Espeak, EspeakSpeech
from voice_bridge.engines.listening import Recognizer
from voice_bridge.engines.local.catalogue import Commands
from voice_bridge.engines.local.free import FreeRecognizer, Model, Models
from voice_bridge.engines.local.installed import HIBARI, MOONSHINE, WHISPER, is_installed
from voice_bridge.engines.local.recognizer import Decoders, GrammarRecognizer
from voice_bridge.engines.pipeline import PipelineSession
from voice_bridge.engines.speaking import Speech
from voice_bridge.ports import Surroundings

logger = logging.getLogger(__name__)

Ears: TypeAlias = Literal["auto", "grammar", "moonshine", "whisper"]
Mouth: TypeAlias = Literal["auto", "espeak", "hibari"]


class NotInstalled(Exception):
    """What was chosen is not there; the text says how to get it."""


class LocalEngine:
    """An `Engine` for sessions that share a voice and what they understand."""

    def __init__(
        self,
        commands: Commands,
        vad: VadSettings | None = None,
        espeak: Espeak | None = None,
        models: Models | None = None,
        speech: Speech | None = None,
    ) -> None:
        """Put it together.

        Args:
            espeak: a child process of its own where none is given.
            models: what takes any words; None understands the commands alone, by a grammar.
            speech: what speaks in place of espeak-ng.
        """
        self._commands = commands
        self._vad = vad or VadSettings()
        self._espeak = espeak or Espeak()
        self._models = models
        self._speech = speech or EspeakSpeech(self._espeak)
        self._decoders = Decoders(self._espeak)

    def session(self, surroundings: Surroundings) -> PipelineSession:
        """As `Engine.session`."""
        recognizer: Recognizer = GrammarRecognizer(self._commands, self._decoders)
        if self._models is not None:
            recognizer = FreeRecognizer(self._models, surroundings.language)
        return PipelineSession(surroundings, recognizer, self._speech, self._vad)

    async def close(self) -> None:
        """As `Engine.close`."""
        await self._espeak.close()


def local_engine(commands: Commands, vad: VadSettings, ears: Ears, mouth: Mouth) -> LocalEngine:
    """The engine with the best ears and mouth that are installed, or with those that were chosen.

    Raises:
        NotInstalled: if those are not there.
    """
    espeak = Espeak()
    models, heard = _ears(ears)
    speech: Speech = EspeakSpeech(espeak)
    spoken = "espeak-ng"
    if mouth == "hibari" and not is_installed(HIBARI):
        raise NotInstalled("PARLEY_VOICE_MOUTH=hibari: it is not installed; `make run VOICE=full` does that")
    if mouth != "espeak" and is_installed(HIBARI):
        from voice_bridge.engines.local.hibari import HibariSpeech

        speech, spoken = HibariSpeech(speech), "hibari, and espeak-ng for Korean"
    logger.info("the local voice engine hears with %s and speaks with %s", heard, spoken)
    return LocalEngine(commands, vad, espeak, models, speech)


def _ears(chosen: Ears) -> tuple[Models | None, str]:
    has_moonshine, has_whisper = is_installed(MOONSHINE), is_installed(WHISPER)
    wanted = {"moonshine": has_moonshine, "whisper": has_whisper}
    if not wanted.get(chosen, True):
        raise NotInstalled(
            f"PARLEY_VOICE_EARS={chosen}: it is not installed; `make run VOICE=full` does that"
        )
    if chosen == "grammar" or not (has_moonshine or has_whisper):
        return None, "pocketsphinx and a grammar: commands in English only"
    if chosen == "whisper" or not has_moonshine:
        return Models(_whisper, _whisper), "Whisper: Korean and English"
    if chosen == "moonshine" or not has_whisper:
        return Models(_moonshine, None), "Moonshine: English"
    return Models(_moonshine, _whisper), "Moonshine for English and Whisper for Korean"


def _moonshine() -> Model:
    from voice_bridge.engines.local.moonshine import Moonshine

    return Moonshine()


def _whisper() -> Model:
    from voice_bridge.engines.local.whisper import Whisper

    return Whisper()
