"""Ports: the public ones, held by the supervisor, and free ones for inside."""

import errno
import random
import socket
import sys
from collections.abc import Collection, Mapping
from contextlib import ExitStack

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


def free_ports(count: int) -> list[int]:
    """Different ports of 127.0.0.1 that nobody listens on now.

    Raises:
        PortTaken: if too few can be found.
    """
    with ExitStack() as held:
        found: list[int] = []
        for port in random.sample(INTERNAL_RANGE, ATTEMPTS):
            if len(found) == count:
                return found
            probe = held.enter_context(socket.socket())
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found.append(port)
    raise PortTaken(f"fewer than {count} free ports from {INTERNAL_RANGE.start} to {INTERNAL_RANGE.stop}")
