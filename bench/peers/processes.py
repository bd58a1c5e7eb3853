"""Server processes: started, measured with all their children, stopped or killed."""

import asyncio
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

STOP_SECONDS = 10


class Server:
    """A process and its children, of which only this one starts and stops any."""

    def __init__(
        self, command: Sequence[object], folder: Path, environment: Mapping[str, object], log: Path
    ) -> None:
        told = {name: str(value) for name, value in environment.items()}
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                cwd=folder,
                env=os.environ | told,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.pid = self._process.pid

    @property
    def runs(self) -> bool:
        """Whether the first process is there."""
        return self._process.poll() is None

    async def stop(self) -> None:
        """End it in order, and whatever of it stays by force."""
        tree = family(self.pid)
        if self.runs:
            self._process.terminate()
        _, alive = await asyncio.to_thread(psutil.wait_procs, tree, STOP_SECONDS)
        for process in alive:
            process.kill()
        self._process.wait()

    def kill(self) -> None:
        """End all of it as a crash does, parents first, so that nobody starts anything anew."""
        for process in family(self.pid):
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        self._process.wait()


def family(pid: int) -> list[psutil.Process]:
    """A process and all below it; nothing where it has ended."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU that these processes and all below them have used, those that have ended included."""
    used = 0.0
    for pid in pids:
        for process in family(pid):
            try:
                used += sum(process.cpu_times()[:4])  # its own, and of its children that have ended
            except psutil.NoSuchProcess:
                continue
    return used


def megabytes(pids: Sequence[int]) -> float:
    """Memory of these processes and all below them, what they share counted once (PSS)."""
    used = 0
    for pid in pids:
        for process in family(pid):
            try:
                used += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
    return used / 1e6
