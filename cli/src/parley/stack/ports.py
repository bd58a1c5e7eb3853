"""Ports: the public ones, held by the supervisor, and free ones for inside."""

import errno
import random
import socket
import sys
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress

BACKLOG = 1024
# Below what systems hand out for outgoing connections: a client that keeps dialling a dead port of that
# range can end up connected to itself and keep the port from the service that is coming back.
INTERNAL_RANGE = range(20000, 32000)
ATTEMPTS = 1000
# A client that takes nothing for so long is cut off by the kernel: the gateway, blocked in writing, cannot.
UNREAD_SECONDS = 60


class PortTaken(Exception):
    """A public port that cannot be had. The message names its setting."""


def listen(
    host: str, ports: Mapping[str, int], *, optional: Collection[str] = ()
) -> dict[str, socket.socket]:
    """Listen on every public port; the sockets by their settings.

    The supervisor holds the sockets and the gateway inherits them, so that a taken port is known at once
    and clients that come while the gateway restarts wait instead of being refused.

    Args:
        optional: settings whose port is left out where another process has it.

    Raises:
        PortTaken: naming the port and its setting.
    """
    family, kind, protocol, _, _ = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0]
    with ExitStack() as undo:
        sockets = {}
        for setting, port in ports.items():
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sys.platform == "linux":  # accepted connections inherit it
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
            try:
                listener.bind((host, port))
                listener.listen(BACKLOG)
            except OSError as error:
                if setting in optional and error.errno == errno.EADDRINUSE:
                    continue
                why = "is taken by another process" if error.errno == errno.EADDRINUSE else error.strerror
                raise PortTaken(f"port {port} on {host} {why}; choose another with {setting}") from error
            sockets[setting] = listener
        undo.pop_all()
    return sockets


@contextmanager
def reserved(count: int) -> Iterator[list[int]]:
    """Different free ports of 127.0.0.1, for programs that are started in the meantime.

    On Linux nobody else who looks for a free port is given one of them, even while nothing listens on it:
    a second stack that started at the same moment would be taken for this one.

    Raises:
        PortTaken: if too few can be found.
    """
    with ExitStack() as held:
        found: list[int] = []
        for port in random.sample(INTERNAL_RANGE, ATTEMPTS):
            with suppress(OSError):
                held.enter_context(_bound(port))
                found.append(port)
            if len(found) == count:
                break
        else:
            raise PortTaken(
                f"fewer than {count} free ports from {INTERNAL_RANGE.start} to {INTERNAL_RANGE.stop}"
            )
        if sys.platform != "linux":  # a program could not listen beside this
            held.close()
        yield found


def _bound(port: int) -> socket.socket:
    """Holds a free port against all but programs that listen with SO_REUSEADDR, as servers do."""
    probe = socket.socket()
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        probe.close()
        raise
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # after bind: nobody else has the port
    return probe
