"""pocketsphinx with a grammar: one decoder for each session, fed in small blocks."""

import asyncio
import math
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Final

import numpy as np
import pocketsphinx

from voice_bridge.domain.endpointing import Outlook
from voice_bridge.domain.language import language_of
from voice_bridge.domain.numerals import with_years
from voice_bridge.domain.remarks import understood
from voice_bridge.engines.audio import HEARING_RATE, samples_of
from voice_bridge.engines.espeak import Espeak
from voice_bridge.engines.local.catalogue import (
    NOISE_PREFIX,
    PHONES,
    Catalogue,
    Commands,
    any_phones,
    grammar,
    is_choice,
    outlook,
    spellings,
    vocabulary,
)
from voice_bridge.engines.local.phones import arpabet, british
from voice_bridge.engines.voices import ESPEAK_NAMES
from voice_bridge.ports import EngineError

_COMMANDS: Final = "commands"
_PHONES: Final = "phones"
_BEAM: Final = 1e-60
_WORD_BEAM: Final = 1e-45
"""Wider than pocketsphinx's own: else what is not in the grammar is dropped before it can win."""
_MEAN: Final = "48.6,1.6,-2.1,14.5,-12.8,3.5,-5.3,-7.8,0.2,-7.2,3.3,-3.7,1.2"
"""The cepstral mean that decoders begin with: that of a few sentences of espeak-ng, in two voices.

With pocketsphinx's own a decoder takes the first words of a session for anything.
"""
_BYTES_PER_MS: Final = HEARING_RATE * 2 // 1000
_FRAME_MS: Final = 10
_FRAME_SAMPLES: Final = HEARING_RATE * _FRAME_MS // 1000
_FILLERS: Final = ("<", "(")
"""Begin what stands for silence and for nothing in a decoder's segments."""
_UNHEARD_MS: Final = 360
"""How much of what was said may be in no word that was understood, the silence before it included.

Where a turn begins and ends is known to a few frames of voice activity detection only, so more than that may
be silence: see `_UNHEARD_LOUD_MS`.
"""
_UNHEARD_LOUD_MS: Final = 90
"""How much of it may be as loud as words.

By trial: at most 80 ms of 131 commands by eight synthetic voices, with noise and without; 100 and more of
the human sentences taken for commands that have more than `_UNHEARD_MS`.
"""
_LOUD: Final = 10 ** (-15 / 20)
"""What is as loud as words is at most 15 dB below the median level of their frames."""
_UNLIKELY: Final = -5.7e-3
"""How much worse a frame of a word may fit than a free run of phones does, as a logarithm.

By trial on one half of the human clips: -6.3e-3 in the one sentence that was taken for a command; -5.04e-3
and more in commands by nine synthetic voices.
"""
_UNLIKELY_COMMAND: Final = -0.75e-3
"""How much worse several words together may fit that only the agent answers, unless the last fits better.

The first words of a session fit badly; by the last one the decoder has learned the voice. By trial on human
clips: -0.79e-3 and less in what was taken for a command, with -0.25e-3 and less in its last word; in what
people really say 1.2e-3 and more. Some artificial voices lose commands by it.
"""
_SURELY: Final = -2.5e-3
"""A command that scores this, for each frame, fits whatever the run is: wrong ones had -3.7e-3 and less."""
_SLOWEST: Final = 16
"""Frames for each phone of several words; people take 9 to 14, and words that nobody said may take 30."""


class Decoders:
    """Makes the decoders of all sessions, one at a time: no other thread runs in much of that.

    How a word is pronounced is looked up once.
    """

    def __init__(self, espeak: Espeak) -> None:
        self._espeak = espeak
        self._known: dict[str, Mapping[str, str]] = {}
        self._making = asyncio.Lock()

    async def make(self, catalogue: Catalogue) -> pocketsphinx.Decoder:
        """A decoder for what can be said.

        Raises:
            EngineError: if nobody knows how to pronounce a word of it.
        """
        async with self._making:
            dictionary = await self._dictionary(vocabulary(catalogue))
            return await asyncio.to_thread(_decoder, dictionary, grammar(catalogue))

    async def _dictionary(self, words: Set[str]) -> Mapping[str, str]:
        """Phones by word; another way to say a word is spelled ``word(2)``."""
        if unknown := words - self._known.keys():
            found = await asyncio.to_thread(_in_dictionary, unknown)
            for word in unknown - found.keys():
                found[word] = {word: await self._by_rule(word)}
            self._known |= found
        return {spelling: phones for word in sorted(words) for spelling, phones in self._known[word].items()}

    async def _by_rule(self, word: str) -> str:
        if phones := arpabet(await self._espeak.pronounce(word, ESPEAK_NAMES[language_of(word)])):
            return phones
        raise EngineError(f"no pronunciation for {word!r}")


def _in_dictionary(words: Set[str]) -> dict[str, dict[str, str]]:
    """What pocketsphinx's dictionary says of the words that it has.

    A decoder that reads it itself takes a tenth of a second and 25 MB for each session, and no other thread
    runs meanwhile.
    """
    found: dict[str, dict[str, str]] = {}
    with Path(pocketsphinx.get_model_path("en-us/cmudict-en-us.dict")).open(encoding="utf-8") as lines:
        for line in lines:
            spelling, phones = line.split(maxsplit=1)
            word = spelling.partition("(")[0]
            if word in words:
                found.setdefault(word, {})[spelling] = phones.strip()
    for word, ways in found.items():
        for phones in [*ways.values()]:
            if (other := british(phones)) not in ways.values():
                ways[f"{word}({len(ways) + 1})"] = other
    return found


class GrammarRecognizer:
    """A `Recognizer` for the phrases of one catalogue."""

    def __init__(self, commands: Commands, decoders: Decoders) -> None:
        self._commands = commands
        self._decoders = decoders
        self._catalogue = Catalogue(())
        self._decoder: pocketsphinx.Decoder | None = None

    async def open(self) -> None:
        """As `Recognizer.open`."""
        self._catalogue = await self._commands()
        self._decoder = await self._decoders.make(self._catalogue)

    def begin(self, *, may_choose: bool) -> "GrammarUtterance":
        """As `Recognizer.begin`."""
        if self._decoder is None:
            raise EngineError("the recognizer is not open")
        return GrammarUtterance(self._decoder, self._catalogue, may_choose=may_choose)

    def close(self) -> None:
        """As `Recognizer.close`."""
        self._decoder = None


def _decoder(dictionary: Mapping[str, str], rules: str) -> pocketsphinx.Decoder:
    decoder = pocketsphinx.Decoder(
        samprate=HEARING_RATE,
        lm=None,
        dict=None,
        cmninit=_MEAN,
        bestpath=False,
        loglevel="FATAL",
        beam=_BEAM,
        pbeam=_BEAM,
        wbeam=_WORD_BEAM,
    )
    noise = {NOISE_PREFIX + phone.lower(): phone for phone in PHONES}
    for word, phones in {**dictionary, **noise}.items():
        decoder.add_word(word, phones, False)
    decoder.add_jsgf_string(_COMMANDS, rules)
    decoder.add_jsgf_string(_PHONES, any_phones())
    decoder.activate_search(_COMMANDS)
    return decoder


class GrammarUtterance:
    """An `Utterance` that is understood while it is spoken.

    What was not understood is decoded once more: the decoder has learned the level and colour of the
    voice from it by then, which matters for the first words of a session.
    """

    def __init__(self, decoder: pocketsphinx.Decoder, catalogue: Catalogue, *, may_choose: bool) -> None:
        self._may_choose = may_choose
        self._decoder = decoder
        self._catalogue = catalogue
        self._blocks: list[bytes] = []
        self._text = ""
        decoder.start_utt()

    def feed(self, pcm: bytes) -> None:
        """As `Utterance.feed`."""
        self._blocks.append(pcm)
        self._decoder.process_raw(pcm)

    def outlook(self) -> Outlook:
        """As `Utterance.outlook`."""
        return outlook(self._catalogue, self._words())

    def partial(self) -> str | None:
        """As `Utterance.partial`."""
        return " ".join(self._words())

    def end(self, silence_ms: int | None) -> None:
        """As `Utterance.end`."""
        self._decoder.end_utt()
        words = self._understood(silence_ms)
        if not words:
            self._decode()
            words = self._understood(silence_ms)
        if words and not is_choice(self._catalogue, words) and not self._is_likely(" ".join(words)):
            words = []
        self._blocks.clear()
        written = spellings(self._catalogue)
        self._text = " ".join(written.get(word, word) for word in with_years(words))

    def _decode(self) -> None:
        """Decode what was fed once more."""
        self._decoder.start_utt()
        self._decoder.process_raw(b"".join(self._blocks))
        self._decoder.end_utt()

    def _understood(self, silence_ms: int | None) -> list[str]:
        """The words, if they are all that was said; none where the decoder takes speech for silence."""
        words = self._words()
        if not words or silence_ms is None:
            return words
        said_ms = sum(map(len, self._blocks)) / _BYTES_PER_MS - silence_ms
        heard_ms = sum(map(_frames, self._parts())) * _FRAME_MS
        is_all = said_ms - heard_ms <= _UNHEARD_MS or self._unheard_loud_ms() <= _UNHEARD_LOUD_MS
        return words if is_all else []

    def _unheard_loud_ms(self) -> int:
        """How much of what was fed is in no word and as loud as words are."""
        samples = samples_of(b"".join(self._blocks))
        frames = samples[: len(samples) // _FRAME_SAMPLES * _FRAME_SAMPLES].reshape(-1, _FRAME_SAMPLES)
        levels = np.sqrt(np.mean(frames**2, axis=1))
        is_heard = np.zeros(len(levels), bool)
        for part in self._parts():
            is_heard[part.start_frame : part.end_frame + 1] = True
        loud = levels > np.median(levels[is_heard]) * _LOUD
        return int(np.count_nonzero(loud & ~is_heard)) * _FRAME_MS

    def _is_likely(self, text: str) -> bool:
        """Whether each word fits nearly as well as a free run of phones does, which fits anything.

        A command of several words has to fit as a whole, too, at the pace of speech. A score tells how far a
        sound is from the best one of that moment, so the run's is 0 at most: what is near enough to that
        needs no run.
        """
        words = self._parts()
        is_command = len(words) > 1 and understood(text) is None
        frames = sum(map(_frames, words))
        if is_command and frames > _SLOWEST * sum(map(self._phones, words)):
            return False
        scores = [math.log(word.ascore) for word in words]
        if _fits(scores, words) and (not is_command or sum(scores) >= _SURELY * frames):
            return True
        learned = self._decoder.get_cmn(False)
        self._decoder.activate_search(_PHONES)
        self._decode()
        free = list(self._decoder.seg())
        self._decoder.activate_search(_COMMANDS)
        # The same sound once more says nothing new of the voice.
        self._decoder.set_cmn(learned)
        gaps = [score - _fit(free, word) for score, word in zip(scores, words, strict=True)]
        as_whole = not is_command or gaps[-1] > 0 or sum(gaps) >= _UNLIKELY_COMMAND * frames
        return _fits(gaps, words) and as_whole

    def _phones(self, part: pocketsphinx.Segment) -> int:
        """How many phones a word has."""
        return len(str(self._decoder.lookup_word(part.word)).split())

    def _parts(self) -> list[pocketsphinx.Segment]:
        """The words that were understood with their places, without silence."""
        return [part for part in self._decoder.seg() if not part.word.startswith(_FILLERS)]

    def _words(self) -> list[str]:
        hypothesis = self._decoder.hyp()
        words = hypothesis.hypstr.split() if hypothesis else []
        is_noise = any(word.startswith(NOISE_PREFIX) for word in words)
        is_refused = not self._may_choose and is_choice(self._catalogue, words)
        return [] if is_noise or is_refused else words

    async def text(self) -> str:
        """As `Utterance.text`."""
        return self._text


def _fits(scores: Iterable[float], parts: Iterable[pocketsphinx.Segment]) -> bool:
    """Whether no part has too low a score for its frames."""
    return all(score >= _UNLIKELY * _frames(part) for score, part in zip(scores, parts, strict=True))


def _frames(part: pocketsphinx.Segment) -> int:
    return int(part.end_frame) - int(part.start_frame) + 1


def _fit(parts: Iterable[pocketsphinx.Segment], place: pocketsphinx.Segment) -> float:
    """The logarithm of the score of parts where they lie in a place."""
    total = 0.0
    for part in parts:
        shared = min(part.end_frame, place.end_frame) - max(part.start_frame, place.start_frame) + 1
        total += math.log(part.ascore) * max(0, shared) / _frames(part)
    return total
