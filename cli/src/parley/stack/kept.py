"""What the services have said, kept beside the data for ``parley logs``: one file, and the one before it."""

from pathlib import Path
from typing import Final, TextIO

MOST_BYTES: Final = 8 * 1024 * 1024


def file_of(data_dir: Path) -> Path:
    """The file of a data directory."""
    return data_dir / "logs" / "stack.log"


class KeptLines:
    """Writes lines to the file. One that cannot be written, on a full disk for one, is only not kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self._bytes = 0

    def write(self, line: str) -> None:
        """Keep a line."""
        try:
            if self._file is None or self._bytes > MOST_BYTES:
                self._open()
            if self._file is not None:
                self._bytes += self._file.write(f"{line}\n")
                self._file.flush()
        except OSError:
            self._file = None

    def _open(self) -> None:
        if self._file is not None:
            self._file.close()
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._path.exists() and self._path.stat().st_size > MOST_BYTES:
            self._path.replace(before(self._path))
        self._file = self._path.open("a", encoding="utf-8")
        self._bytes = self._path.stat().st_size


def before(path: Path) -> Path:
    """Where what was written before the present file is."""
    return path.with_name(f"{path.name}.1")
