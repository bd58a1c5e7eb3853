"""The data directory: one owner at a time, generated secrets, and the state that ``parley status`` reads."""

import fcntl
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

LOCK_ATTEMPTS = 5
LOCK_PAUSE_SECONDS = 0.1


class Busy(Exception):
    """Another supervisor owns the data directory, or it is shared with others."""


class ProcessState(TypedDict):
    """What the supervisor knows of one process; `port` answers for its readiness."""

    service: str
    pid: int | None
    state: str
    restarts: int
    port: int


class DataDir:
    """The files of one data directory that the stack itself keeps."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = path / "lock"
        self._state = path / "state.json"

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Make the directory, or take one that is there from all others, and be its only owner for a while.

        Raises:
            Busy: if another process owns it, or it is a folder for everybody such as /tmp.
            OSError: if it cannot be made or written.
        """
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.path.stat().st_mode & stat.S_ISVTX:
            raise Busy(f"{self.path} is shared with others; PARLEY_DATA_DIR needs a folder of its own")
        with self._lock.open("a") as lock:
            for attempt in range(LOCK_ATTEMPTS):  # `running` holds the lock for an instant
                if _locked(lock.fileno()):
                    break
                if attempt == LOCK_ATTEMPTS - 1:
                    raise Busy(f"another copy is running on {self.path} (PARLEY_DATA_DIR)")
                time.sleep(LOCK_PAUSE_SECONDS)
            make_private(self.path)
            try:
                yield
            finally:
                self._state.unlink(missing_ok=True)

    def running(self) -> bool:
        """Whether a supervisor owns the directory now. Told by its lock, which dies with it."""
        try:
            with self._lock.open() as lock:
                return not _locked(lock.fileno())
        except FileNotFoundError:
            return False

    def secrets(self) -> dict[str, str]:
        """What services sign with, by the variables that they read."""
        return {f"PARLEY_{name.upper()}_SECRET": self.secret(name) for name in ("jwt", "webhook")}

    def secret(self, name: str) -> str:
        """A secret of the installation, made when first asked for, in a file that only its owner can read."""
        path = self.path / f"{name}.secret"
        if not path.exists():
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_private(path, secrets.token_urlsafe(32))
        return path.read_text().strip()

    def save_state(self, processes: Sequence[ProcessState]) -> None:
        """Replace the state in one step, so that a reader never sees half of it."""
        write_private(self._state, json.dumps(processes))

    def state(self) -> list[ProcessState]:
        """The state last saved by a supervisor that is still there; empty when none is."""
        if not self.running():
            return []
        try:
            saved: list[ProcessState] = json.loads(self._state.read_text())
        except FileNotFoundError:
            return []
        return saved


def make_private(folder: Path) -> None:
    """Take a folder and what is in it from everybody but its owner; links are left alone."""
    folder.chmod(0o700)
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(root, name)
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
                path.chmod(stat.S_IMODE(mode) & stat.S_IRWXU)


def write_private(path: Path, text: str) -> None:
    """Write a file with mode 0600 and put it in place in one step."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
