"""Where the tools' data is: the user's folder, or the sample data that comes with the package."""

import codecs
import unicodedata
from pathlib import Path
from typing import Final, TypeAlias

SAMPLE: Final = Path(__file__).parent.parent / "sample_data"

Fingerprint: TypeAlias = tuple[tuple[str, int, int], ...]
"""Name, size in bytes and time of change in nanoseconds of each file: equal means unchanged."""

_ENCODINGS: Final = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}
"""By the marks that files begin with."""


class Unreadable(ValueError):
    """A file is not what it should be; the text names it."""


class DataFolder:
    """A folder laid out as the sample data is: `contacts.csv`, datasets, `notes/` and `templates/`.

    Only the templates fall back to the sample's where the user's folder has none: they are no data.
    """

    def __init__(self, root: Path | None = None) -> None:
        """Use `root`, or the sample data.

        Raises:
            NotADirectoryError: if `root` is not a folder.
        """
        self.root = root or SAMPLE
        if not self.root.is_dir():
            raise NotADirectoryError(f"the data folder {self.root} is not a folder")

    @property
    def contacts(self) -> Path:
        return self.root / "contacts.csv"

    def datasets(self) -> list[Path]:
        """The CSV and Parquet files at the top of the folder, by name."""
        return sorted(p for p in self.root.iterdir() if p.suffix in {".csv", ".parquet"} and p.is_file())

    def notes(self) -> list[Path]:
        return sorted((self.root / "notes").glob("**/*.md"))

    def templates(self) -> list[Path]:
        own = self.root / "templates"
        return sorted((own if own.is_dir() else SAMPLE / "templates").glob("*.md"))


def fingerprint(files: list[Path]) -> Fingerprint:
    """What tells whether any of the files changed since they were read."""
    return tuple((str(file), stat.st_size, stat.st_mtime_ns) for file in files for stat in (file.stat(),))


def text_of(file: Path) -> str:
    """A text file in Unicode's form NFC: UTF-8, UTF-16 with its mark, or CP949, as Excel writes Korean.

    Raises:
        Unreadable: if it is none of them.
    """
    data = file.read_bytes()
    marked = [encoding for mark, encoding in _ENCODINGS.items() if data.startswith(mark)]
    for encoding in marked or ["utf-8", "cp949"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    raise Unreadable(f"{file.name} can't be read as text: it is neither UTF-8 nor UTF-16 nor CP949")
