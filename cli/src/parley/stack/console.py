"""The lines of ``parley up``: each service's output behind its name, in a colour of its own on a terminal."""

import os
import sys
from collections.abc import Callable
from typing import TextIO

from parley.stack.kept import KeptLines

COLOURS = (36, 32, 33, 35, 34, 96, 92, 93, 95)
NAME_WIDTH = 13
LONGEST_LINE = 64 * 1024


class Console:
    """Writes whole lines. A reader that went away (``parley up | head``) ends the output, not the stack."""

    def __init__(self, out: TextIO, kept: KeptLines | None = None) -> None:
        """`kept` gets every line too."""
        self._kept = kept
        self._out: TextIO | None = out
        self._colours: dict[str, int] | None = {} if out.isatty() and not os.environ.get("NO_COLOR") else None

    def line(self, name: str, text: str) -> None:
        """Write one line of a service."""
        prefix = f"{name:<{NAME_WIDTH}} |"
        if self._kept is not None:
            self._kept.write(f"{prefix} {text}")
        if self._colours is not None:
            colour = self._colours.setdefault(name, COLOURS[len(self._colours) % len(COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self.say(f"{prefix} {text}")

    def say(self, text: str) -> None:
        """Write text of the stack itself."""
        if self._out is None:
            return
        try:
            self._out.write(f"{text}\n")
            self._out.flush()
        except BrokenPipeError:
            self._out = None
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for the interpreter's own flush at exit


class Lines:
    """Cuts a byte stream into lines for `write`; a line without end is cut at 64 KiB."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._write(line.decode(errors="replace").rstrip("\r"))
        if len(self._rest) >= LONGEST_LINE:
            self.end()

    def end(self) -> None:
        """Write what is left."""
        rest, self._rest = self._rest, b""
        if rest:
            self._write(rest.decode(errors="replace"))
