"""pocketsphinx with a grammar: one decoder for each session, fed in small blocks."""

import asyncio
from typing import Final

import pocketsphinx

from voice_bridge.domain.numerals import with_years
from voice_bridge.engines.audio import HEARING_RATE, Resampler
from voice_bridge.engines.espeak import NATIVE_RATE, Espeak
from voice_bridge.engines.local.catalogue import (
    NOISE_PREFIX,
    PHONES,
    Commands,
    grammar,
    spellings,
    vocabulary,
)
from voice_bridge.engines.local.phones import arpabet
from voice_bridge.engines.voices import Timbre, language_of
from voice_bridge.ports import EngineError

_SEARCH: Final = "commands"
_BLOCK: Final = 1024
_PLAIN: Final = Timbre("", 50, 155)
_BEAM: Final = 1e-60
_WORD_BEAM: Final = 1e-45
"""Wider than pocketsphinx's own: else what is not in the grammar is dropped before it can win."""


_WARM_UP: Final = (
    ("en-us", "good morning what can you do for me today"),
    ("en-us+f1", "show me all the contacts please"),
)
"""Voices and words that a decoder's first idea of what speech sounds like is made of."""


class Pronunciations:
    """How words are pronounced that pocketsphinx's dictionary does not have, and how speech sounds at all.

    Each word is asked for once, and so is the sound: the cepstral mean that decoders begin with. Without it
    a decoder takes the first words of a session for anything.
    """

    def __init__(self, espeak: Espeak) -> None:
        self._espeak = espeak
        self._known: dict[str, str] = {}
        self._mean = ""

    async def warm(self, decoder: pocketsphinx.Decoder) -> None:
        """Let a decoder begin as if it had heard speech before."""
        if not self._mean:
            for voice, text in _WARM_UP:
                resampler = Resampler(NATIVE_RATE, HEARING_RATE)
                spoken = [block async for block in self._espeak.speak(text, voice, _PLAIN)]
                pcm = resampler.feed(b"".join(spoken)) + resampler.feed(b"", last=True)
                await asyncio.to_thread(_decode, decoder, pcm)
            self._mean = decoder.get_cmn(False)
        decoder.set_cmn(self._mean)

    async def of(self, word: str) -> str:
        """The phones of a word.

        Raises:
            EngineError: if nobody knows how to pronounce it.
        """
        if word not in self._known:
            phones = arpabet(await self._espeak.pronounce(word, language_of(word)))
            if not phones:
                raise EngineError(f"no pronunciation for {word!r}")
            self._known[word] = phones
        return self._known[word]


class GrammarRecognizer:
    """A `Recognizer` for the phrases of one catalogue."""

    def __init__(self, commands: Commands, pronunciations: Pronunciations) -> None:
        self._commands = commands
        self._pronunciations = pronunciations
        self._spellings: dict[str, str] = {}
        self._decoder: pocketsphinx.Decoder | None = None

    async def open(self) -> None:
        """As `Recognizer.open`."""
        catalogue = await self._commands()
        self._spellings = spellings(catalogue)
        decoder = await asyncio.to_thread(
            pocketsphinx.Decoder,
            samprate=HEARING_RATE,
            lm=None,
            bestpath=False,
            loglevel="FATAL",
            beam=_BEAM,
            pbeam=_BEAM,
            wbeam=_WORD_BEAM,
        )
        for word in sorted(vocabulary(catalogue)):
            if decoder.lookup_word(word) is None:
                decoder.add_word(word, await self._pronunciations.of(word), False)
        for phone in PHONES:
            decoder.add_word(NOISE_PREFIX + phone.lower(), phone, False)
        await asyncio.to_thread(_load, decoder, grammar(catalogue))
        await self._pronunciations.warm(decoder)
        self._decoder = decoder

    def begin(self) -> "GrammarUtterance":
        """As `Recognizer.begin`."""
        if self._decoder is None:
            raise EngineError("the recognizer is not open")
        return GrammarUtterance(self._decoder, self._spellings)


def _decode(decoder: pocketsphinx.Decoder, pcm: bytes) -> None:
    decoder.start_utt()
    for start in range(0, len(pcm), _BLOCK):
        decoder.process_raw(pcm[start : start + _BLOCK])
    decoder.end_utt()


def _load(decoder: pocketsphinx.Decoder, rules: str) -> None:
    decoder.add_jsgf_string(_SEARCH, rules)
    decoder.activate_search(_SEARCH)


class GrammarUtterance:
    """An `Utterance` that is understood while it is spoken.

    What was not understood is decoded once more: the decoder has learned the level and colour of the
    voice from it by then, which matters for the first words of a session.
    """

    def __init__(self, decoder: pocketsphinx.Decoder, spellings: dict[str, str]) -> None:
        self._decoder = decoder
        self._spellings = spellings
        self._blocks: list[bytes] = []
        self._text = ""
        decoder.start_utt()

    def feed(self, pcm: bytes) -> None:
        """As `Utterance.feed`."""
        self._blocks.append(pcm)
        self._decoder.process_raw(pcm)

    def end(self) -> None:
        """As `Utterance.end`."""
        self._decoder.end_utt()
        words = self._words()
        if not words:
            self._decoder.start_utt()
            for block in self._blocks:
                self._decoder.process_raw(block)
            self._decoder.end_utt()
            words = self._words()
        self._blocks.clear()
        self._text = " ".join(self._spellings.get(word, word) for word in with_years(words))

    def _words(self) -> list[str]:
        hypothesis = self._decoder.hyp()
        words = hypothesis.hypstr.split() if hypothesis else []
        is_noise = any(word.startswith(NOISE_PREFIX) for word in words)
        return [] if is_noise else words

    async def text(self) -> str:
        """As `Utterance.text`."""
        return self._text
