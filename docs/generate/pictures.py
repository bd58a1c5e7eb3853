"""The pictures of the documents, from those that the browser's tests take: of fewer colours, and so small."""

from pathlib import Path
from typing import Final

from PIL import Image

ROOT: Final = Path(__file__).parents[2]
TAKEN: Final = ROOT / "build" / "screenshots"
SHOWN: Final = ROOT / "docs" / "pictures"
SCENES: Final = ("analysis", "approval", "log", "graph", "voice", "playground", "system")
LOOKS: Final = ("desk-light", "desk-dark", "phone-light", "phone-dark")
COLOURS: Final = 200


def main() -> None:
    """Write docs/pictures anew."""
    for old in SHOWN.glob("*.png"):
        old.unlink()
    for name in (f"{scene}-{look}.png" for scene in SCENES for look in LOOKS):
        with Image.open(TAKEN / name) as picture:
            shown = picture.convert("RGB")
        if "desk" in name:  # taken at twice its size; a phone's stays so
            shown = shown.reduce(2)
        fewer = shown.quantize(COLOURS, dither=Image.Dither.NONE)
        fewer.save(SHOWN / name, optimize=True)


if __name__ == "__main__":
    main()
