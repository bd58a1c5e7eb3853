"""Where the tools' data is: the user's folder, or the sample data that comes with the package."""

from pathlib import Path
from typing import Final, TypeAlias

SAMPLE: Final = Path(__file__).parent.parent / "sample_data"

Fingerprint: TypeAlias = tuple[tuple[str, int, int], ...]
"""Name, size in bytes and time of change in nanoseconds of each file: equal means unchanged."""


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
