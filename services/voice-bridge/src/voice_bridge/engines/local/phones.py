"""From espeak-ng's IPA to the phones of pocketsphinx's dictionary (ARPABET)."""

from itertools import pairwise
from typing import Final

_PHONES: Final[dict[str, str]] = {
    "tʃ": "CH", "tɕ": "CH", "dʒ": "JH", "dʑ": "JH", "ts": "T S", "aɪ": "AY", "aʊ": "AW", "ɔɪ": "OY",
    "oʊ": "OW", "əʊ": "OW", "eɪ": "EY", "ɪə": "IY R", "ʊə": "UH R", "eə": "EH R", "əl": "AH L",
    "ɜː": "ER", "ɚ": "ER", "ɝ": "ER", "ɜ": "ER", "ɪ": "IH", "ᵻ": "IH", "iː": "IY", "i": "IY",
    "eː": "EY", "e": "EH", "ɛ": "EH", "æ": "AE", "ɐ": "AH", "a": "AA", "ɑ": "AA", "ɒ": "AA",
    "ʌ": "AH", "ə": "AH", "ɔː": "AO", "ɔ": "AO", "o": "OW", "ʊ": "UH", "uː": "UW", "u": "UW",
    "ɯ": "UH", "y": "Y UW", "ø": "ER", "b": "B", "d": "D", "f": "F", "v": "V", "ɡ": "G", "g": "G",
    "h": "HH", "x": "HH", "j": "Y", "k": "K", "q": "K", "l": "L", "ɫ": "L", "ɭ": "L", "m": "M",
    "n": "N", "ɲ": "N Y", "ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "ɾ": "D", "ʁ": "R", "s": "S",
    "ɕ": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH", "t": "T", "θ": "TH", "ð": "DH", "w": "W", "β": "B",
    "ɣ": "G", "ç": "HH", "ʔ": "",
}  # fmt: skip
_LONGEST: Final = max(map(len, _PHONES))
_IGNORED: Final = str.maketrans("", "", "ˈˌ‍͡ʰʲ ̩̃")


def arpabet(ipa: str) -> str:
    """The phones of one word, separated by spaces; empty if nothing of it is known."""
    text = ipa.strip().translate(_IGNORED)
    phones = []
    position = 0
    while position < len(text):
        for length in range(_LONGEST, 0, -1):
            piece = text[position : position + length]
            if piece in _PHONES:
                phones.append(_PHONES[piece])
                break
        position += length
    return " ".join(filter(None, phones))


def british(phones: str) -> str:
    """How a word of the dictionary, which is American, is said in England.

    "Carter" and "louder" have no r at their end, and the vowel of "stop" is round. Other words without their
    r ("morning", "Martin") are too much like what is not meant for the agent.
    """
    american = phones.split()
    said = ["AO" if phone == "AA" and after != "R" else phone for phone, after in pairwise([*american, ""])]
    return " ".join([*said[:-1], "AH"] if said[-1] == "ER" else said)
