"""``python -P -m parley.stack.fork_server FD``: imports what services share, and starts each as a fork.

`parley.stack.children` says which over the socket `FD`, one packet each, with where its output goes. The
answer is the id of the process, and later how it ended. When the other side closes the socket, this process
ends, and its forks with it.
"""

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import Any, Final

from setproctitle import setproctitle

from parley.stack.lifeline import die_with_parent

SHARED: Final = (
    "eventlog.admin.keeper",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "uvloop",
)
"""Modules that every service imports, with all that they import. None of them may start a thread."""
LONGEST_REQUEST: Final = 64 * 1024


def serve(control: socket.socket) -> str:
    """Fork as often as told; returns in a child only, with the module that it is to run.

    Raises:
        SystemExit: when the other side has closed the socket.
    """
    for name in SHARED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a collection in a child would write to pages that it shares
    ended, wake = socket.socketpair()
    with ended, wake, selectors.DefaultSelector() as selector:
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _nothing)
        selector.register(control, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            ready = {each.fileobj for each, _ in selector.select()}
            if ended in ready:
                ended.recv(4096)
                _tell_of_the_ended(control)
            if control in ready and (module := _fork(control)):
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                control.close()
                return module


def _fork(control: socket.socket) -> str | None:
    """Start what is asked for; in the child, the module that it is to run."""
    data, descriptors, *_ = socket.recv_fds(control, LONGEST_REQUEST, 1)
    if not data:
        sys.exit()
    request, (output,), server = json.loads(data), descriptors, os.getpid()
    if pid := os.fork():
        os.setpgid(pid, pid)
        os.close(output)
        _tell(control, {"pid": pid})
        return None
    module: str = request["module"]
    os.setpgid(0, 0)  # as the server does: whichever comes first
    die_with_parent(server)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    os.environ.update(request["environment"])
    sys.argv = [module]
    sys.modules.pop(module, None)  # what is run is loaded anew, as `__main__`
    setproctitle(f"{sys.executable} -P -m {module}")
    return module


def _tell_of_the_ended(control: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _tell(control, {"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(control: socket.socket, told: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):  # the other side has ended, which the next look at the socket shows
        control.send(json.dumps(told).encode())


def _nothing(number: int, frame: FrameType | None) -> None:
    """The number is written to the wake-up socket; that needs a handler."""


if __name__ == "__main__":
    runpy.run_module(serve(socket.socket(fileno=int(sys.argv[1]))), run_name="__main__", alter_sys=True)
