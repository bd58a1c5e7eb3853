"""One supervised process: started, restarted when it ends or hangs, stopped within a bound."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from typing import cast

from parley.stack import probe
from parley.stack.children import Child, Start, kill_group
from parley.stack.console import Lines
from parley.stack.data_dir import ProcessState

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
HEALTHY_SECONDS = 60.0
STOP_SECONDS = 8.0
LAST_OUTPUT_SECONDS = 1.0
START_SECONDS = 300.0
LOOKS = 3
LOOK_SECONDS = 5.0
HOPELESS_ENDS = 3


class Process:
    """A program that is kept running.

    Args:
        start: starts it.
        write: takes each line of its output.
        changed: called whenever :attr:`state` is different.
        port: where it answers for its readiness.
        patience: seconds without an answer after which it counts as hung and is killed.
        started: called each time when the program has been started.
        waits: a program that ends because its settings are wrong is started again by :meth:`restart` only.

    Attributes:
        last_line: the last line of its output.
        hopeless: set when it ends at once again and again, or says that its settings are wrong.
    """

    def __init__(
        self,
        name: str,
        start: Start,
        *,
        port: int,
        write: Callable[[str], None],
        changed: Callable[[], None],
        patience: float,
        started: Callable[[], None] = lambda: None,
        waits: bool = False,
    ) -> None:
        self.name = name
        self.port = port
        self.last_line = ""
        self.hopeless = asyncio.Event()
        self._start = start
        self._patience = patience
        self._write = write
        self._changed = changed
        self._started = started
        self._child: Child | None = None
        self.waits = waits
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()
        self._state = "stopped"
        self._restarts = 0
        self._answered = False  # since it was last started
        self._bad_starts = 0

    @property
    def state(self) -> ProcessState:
        """What there is to know of it.

        `state` is running, waiting (for its restart), failing (several starts came to nothing) or stopped.
        """
        return {
            "service": self.name,
            "pid": self._child.pid if self._child else None,
            "state": self._state,
            "restarts": self._restarts,
            "port": self.port,
        }

    async def run(self) -> None:
        """Keep the program running until :meth:`stop`."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            began = loop.time()
            self._woken.clear()
            ending = await self._once()
            if self._stopping.is_set():
                break
            if self._woken.is_set() or await self._waited():
                self._restarts += 1
                continue
            if loop.time() - began >= HEALTHY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._bad_starts = 0 if self._answered else self._bad_starts + 1
            if self.failing:
                self.hopeless.set()
            self._write(f"{ending}; starting again in {pause:g} s")
            self._set("failing" if self.failing else "waiting")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
            self._restarts += 1
        self._set("stopped")

    @property
    def failing(self) -> bool:
        """Whether its last starts have all failed."""
        return self._bad_starts >= HOPELESS_ENDS

    def restart(self) -> None:
        """Start it anew at once: what it is made of has changed."""
        self._woken.set()
        self._kill_group()

    def stop(self) -> None:
        """Ask it to end; after a bound it is killed, with what it started."""
        self._stopping.set()
        self._woken.set()
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child.pid, signal.SIGTERM)
            asyncio.get_running_loop().call_later(STOP_SECONDS, self.kill)

    def kill(self) -> None:
        """End it and what it started at once."""
        self._stopping.set()
        self._woken.set()
        self._kill_group()

    async def _waited(self) -> bool:
        """Whether it had to wait for a restart; its own last line has said why."""
        if not (self.waits and self.hopeless.is_set()):
            return False
        self._set("waiting")
        await self._woken.wait()
        self.hopeless.clear()
        return True

    def _kill_group(self) -> None:
        if self._child is not None:
            kill_group(self._child)

    async def _once(self) -> str:
        try:
            self._child = child = await self._start()
        except OSError as error:
            return f"could not be started: {error}"
        self._answered = False
        self._set("failing" if self.failing else "running")
        self._started()
        if self._stopping.is_set():  # asked to stop while it was being started
            self.stop()
        output = asyncio.create_task(self._copy_output(cast("asyncio.StreamReader", child.stdout)))
        watch = asyncio.create_task(self._watch())
        code = await child.wait()
        watch.cancel()
        self._child = None
        if code == os.EX_CONFIG and not self._answered:
            self.hopeless.set()
        # What it started may hold its output open: the last lines get a moment, not for ever.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(output, LAST_OUTPUT_SECONDS)
        return f"ended by signal {-code}" if code < 0 else f"ended with code {code}"

    async def _watch(self) -> None:
        """Kill it when it does not come up, or has stopped to answer, for too long."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await probe.until_alive(self.name, self.port)
        except TimeoutError:
            self._write(f"has not come up in {START_SECONDS:g} s; killing it")
            self._kill_group()
            return
        self._answered = True
        self._bad_starts = 0
        self._set("running")
        pause = self._patience / LOOKS
        missed = 0
        while missed < LOOKS:
            await asyncio.sleep(pause)
            answers = await probe.alive(self.name, self.port, min(pause, LOOK_SECONDS))
            missed = 0 if answers else missed + 1
        self._write(f"has not answered for {self._patience:g} s; killing it")
        self._kill_group()

    async def _copy_output(self, output: asyncio.StreamReader) -> None:
        def write(line: str) -> None:
            self.last_line = line
            self._write(line)

        lines = Lines(write)
        while data := await output.read(65536):
            lines.feed(data)
        lines.end()

    def _set(self, state: str) -> None:
        self._state = state
        self._changed()
