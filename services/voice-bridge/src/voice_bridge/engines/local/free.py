"""Recognizers that take any words: Moonshine for English, Whisper for Korean where it is installed.

A model is loaded once for the process, with the first session, and used by one turn at a time in a thread.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from voice_bridge.domain.endpointing import Outlook
from voice_bridge.domain.language import Language, language_of
from voice_bridge.domain.outlook import outlook_of
from voice_bridge.engines.audio import HEARING_RATE, Samples, samples_of
from voice_bridge.ports import EngineError

logger = logging.getLogger(__name__)

_BYTES_PER_MS: Final = HEARING_RATE * 2 // 1000
_SHORTEST_MS: Final = 480
"""Of audio, its prefix included; models make words up for less."""
_PARTIAL_MS: Final = 8000
"""What was said longer ago does not say how it goes on."""


class Model(Protocol):
    """Turns a whole utterance into text; called by one thread at a time."""

    def transcribe(self, samples: Samples, language: Language | None) -> str:
        """The words, empty where there are none."""

    @property
    def is_quick(self) -> bool:
        """Whether it may be asked in the middle of an utterance."""


class Models:
    """The models of one process by language, each loaded when it is first needed."""

    def __init__(self, english: Callable[[], Model], korean: Callable[[], Model] | None) -> None:
        """`korean` also finds out which language is spoken, while nobody knows; None hears English only."""
        self._makers = {"en": english, "ko": korean}
        self._made: dict[Callable[[], Model], Model] = {}
        self._lock = threading.Lock()

    def model(self, language: Language | None) -> Model:
        """The one for a language.

        Raises:
            EngineError: if it cannot be loaded.
        """
        korean = self._makers["ko"]
        maker = korean if korean is not None and language != "en" else self._makers["en"]
        assert maker is not None  # noqa: S101 - English is always there
        with self._lock:
            if maker not in self._made:
                try:
                    self._made[maker] = maker()
                except Exception as error:
                    logger.exception("the recognizer cannot be loaded")
                    raise EngineError("the speech recognizer cannot be loaded") from error
            return self._made[maker]

    def transcribe(self, pcm: bytes, language: Language | None, *, in_passing: bool = False) -> str | None:
        """The words in PCM16 at `HEARING_RATE`; None where it takes too long to ask in passing."""
        if len(pcm) < _SHORTEST_MS * _BYTES_PER_MS:
            return ""
        model = self.model(language)
        if in_passing and not model.is_quick:
            return None
        samples = samples_of(pcm)
        with self._lock:
            try:
                return model.transcribe(samples, language)
            except Exception as error:
                logger.exception("the recognizer failed")
                raise EngineError("speech recognition failed") from error


class FreeRecognizer:
    """A `Recognizer` for any words. The first utterance settles the language, where nothing did before."""

    def __init__(self, models: Models, language: Language | None) -> None:
        self._models = models
        self.language = language

    async def open(self) -> None:
        """As `Recognizer.open`; loads what the first turn needs."""
        await asyncio.to_thread(self._models.model, self.language)

    def begin(self, *, may_choose: bool) -> "FreeUtterance":
        """As `Recognizer.begin`."""
        return FreeUtterance(self._models, self)

    def close(self) -> None:
        """As `Recognizer.close`; the models belong to the process."""


class FreeUtterance:
    """An `Utterance` that is put into text when it pauses and when it ends."""

    def __init__(self, models: Models, recognizer: FreeRecognizer) -> None:
        self._models = models
        self._recognizer = recognizer
        self._pcm = bytearray()
        self._text: str | None = ""
        self._text_at = 0

    def feed(self, pcm: bytes) -> None:
        """As `Utterance.feed`."""
        self._pcm += pcm

    def outlook(self) -> Outlook:
        """As `Utterance.outlook`."""
        text = self.partial()
        return Outlook.UNKNOWN if not text else outlook_of(text)

    def partial(self) -> str | None:
        """As `Utterance.partial`; made anew when there was more than silence since."""
        if not self._text_at or len(self._pcm) - self._text_at > _SHORTEST_MS * _BYTES_PER_MS:
            tail = bytes(self._pcm[-_PARTIAL_MS * _BYTES_PER_MS :])
            try:
                self._text = self._models.transcribe(tail, self._recognizer.language, in_passing=True)
            except EngineError:
                self._text = None
            self._text_at = len(self._pcm)
        return self._text

    def end(self, silence_ms: int | None) -> None:
        """As `Utterance.end`; the words are found by `text`."""

    async def text(self) -> str:
        """As `Utterance.text`."""
        recognizer = self._recognizer
        text = await asyncio.to_thread(self._models.transcribe, bytes(self._pcm), recognizer.language)
        self._pcm.clear()
        if text and recognizer.language is None:
            recognizer.language = language_of(text)
        return text or ""
