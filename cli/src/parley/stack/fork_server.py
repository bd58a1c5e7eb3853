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
    wake.setblocking(False)
    ended.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _nothing)
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is ended:
                    ended.recv(4096)
                    _tell_of_the_ended(control)
                elif request := _next(control):
                    module, variables, output = request
                    server = os.getpid()
                    if pid := os.fork():
                        os.setpgid(pid, pid)
                        os.close(output)
                        _tell(control, {"pid": pid})
                        continue
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for each in (control, ended, wake):
                        each.close()
                    _become(module, variables, output, server)
                    return module
                else:
                    sys.exit()


def _become(module: str, variables: dict[str, str], output: int, server: int) -> None:
    os.setpgid(0, 0)  # as the server does: whichever comes first
    die_with_parent(server)
    for standard in (1, 2):
        os.dup2(output, standard)
    os.close(output)
    os.environ.update(variables)
    sys.argv = [module]
    setproctitle(f"{sys.executable} -P -m {module}")


def _next(control: socket.socket) -> tuple[str, dict[str, str], int] | None:
    data, descriptors, *_ = socket.recv_fds(control, LONGEST_REQUEST, 1)
    if not data:
        return None
    request = json.loads(data)
    return request["module"], request["environment"], descriptors[0]


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
    control.send(json.dumps(told).encode())


def _nothing(number: int, frame: FrameType | None) -> None:
    """The number is written to the wake-up socket; that needs a handler."""


if __name__ == "__main__":
    runpy.run_module(serve(socket.socket(fileno=int(sys.argv[1]))), run_name="__main__", alter_sys=True)
