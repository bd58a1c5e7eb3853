"""How the stack starts its programs: by a command, or as a fork of a process that has imported what services
share (ADR 64)."""

import asyncio
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from parley.stack.lifeline import die_with_parent

ANSWER_SECONDS: Final = 60.0
END_SECONDS: Final = 5.0
LONGEST_ANSWER: Final = 4096


class Child(Protocol):
    """A process that was started; it leads a process group."""

    @property
    def pid(self) -> int:
        """Its process id."""

    @property
    def stdout(self) -> asyncio.StreamReader | None:
        """All that it writes."""

    async def wait(self) -> int:
        """Its exit code once it has ended; below 0 it is the number of a signal."""


Start: TypeAlias = Callable[[], Awaitable[Child]]
"""Starts a program.

Raises:
    OSError: if it cannot be started.
"""


async def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    inherited: Sequence[int] = (),
    output: int | None = PIPE,
) -> Child:
    """Start a command; see `Start`.

    Args:
        inherited: file descriptors that it keeps.
        output: `PIPE`, or None for that of this process.
    """
    return await asyncio.create_subprocess_exec(
        *command,
        env=environment,
        stdin=DEVNULL,
        stdout=output,
        stderr=output and STDOUT,
        pass_fds=inherited,
        start_new_session=True,  # Ctrl-C is for the supervisor alone, which stops in order
        preexec_fn=partial(die_with_parent, os.getpid()),
    )


def kill_group(child: Child) -> None:
    """End a process and what it started at once, unless it has just ended by itself."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)


class ForkServer:
    """Starts Python modules, on Linux as forks of one process, else by a command of their own.

    That process is started when it is needed. Its forks end with it; the next start needs a new one.

    Args:
        environment: of all modules.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._process: Child | None = None
        self._control: socket.socket | None = None
        self._opening = asyncio.Lock()
        self._asked: deque[asyncio.Future[_Fork]] = deque()
        self._forks: dict[int, _Fork] = {}

    async def start(self, module: str, environment: Mapping[str, str]) -> Child:
        """Start a module as ``python -P -m`` does; see `Start`.

        Args:
            environment: of this one, beside that of all.
        """
        if sys.platform != "linux":
            return await run(_python(module), {**self._environment, **environment})
        request = json.dumps({"module": module, "environment": dict(environment)}).encode()
        loop = asyncio.get_running_loop()
        started: asyncio.Future[_Fork] = loop.create_future()
        control = await self._ready()
        readable, writable = os.pipe()
        with os.fdopen(writable, "wb", 0), os.fdopen(readable, "rb", 0) as said:
            socket.send_fds(control, [request], [writable])
            self._asked.append(started)
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    fork = await started
            except TimeoutError:
                self._let_go()
                raise OSError(f"not started after {ANSWER_SECONDS:g} s") from None
            protocol = asyncio.StreamReaderProtocol(fork.stdout)
            await loop.connect_read_pipe(lambda: protocol, os.fdopen(os.dup(said.fileno()), "rb", 0))
        return fork

    async def load(self) -> None:
        """Begin to import what the modules share, before the first is started."""
        if sys.platform == "linux":
            await self._ready()

    async def close(self) -> None:
        """End the process, and so its forks."""
        self._let_go()
        if self._process is not None:
            try:
                async with asyncio.timeout(END_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                os.kill(self._process.pid, signal.SIGKILL)

    def _let_go(self) -> None:
        if self._control is None:
            return
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()
        self._control = None
        while self._asked:
            if not (started := self._asked.popleft()).done():
                started.set_exception(OSError("the process that starts services has ended"))
        while self._forks:
            self._forks.popitem()[1].ended.set_result(-signal.SIGKILL)

    async def _ready(self) -> socket.socket:
        async with self._opening:
            if self._control is None:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    command = (*_python("parley.stack.fork_server"), str(theirs.fileno()))
                    self._process = await run(command, self._environment, [theirs.fileno()], output=None)
                ours.setblocking(False)
                self._control = ours
                asyncio.get_running_loop().add_reader(ours, self._hear, ours)
            return self._control

    def _hear(self, control: socket.socket) -> None:
        try:
            data = control.recv(LONGEST_ANSWER)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._let_go()
            return
        told: dict[str, Any] = json.loads(data)
        pid: int = told["pid"]
        if "code" in told:
            self._forks.pop(pid).ended.set_result(told["code"])
            return
        self._forks[pid] = fork = _Fork(pid)
        if (started := self._asked.popleft()).done():  # who asked for it has been cancelled
            kill_group(fork)
        else:
            started.set_result(fork)


class _Fork:
    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.stdout = asyncio.StreamReader()
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)


def _python(module: str) -> tuple[str, ...]:
    """A command line; nothing is imported from the working directory."""
    return (sys.executable, "-P", "-m", module)
