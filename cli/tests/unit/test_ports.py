"""The ports that a stack takes for its programs."""

import socket
import sys
from collections.abc import Callable

import pytest

from parley.stack import ports
from parley.stack.ports import PortTaken, reserved


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch, unused_port: Callable[[], int]) -> int:
    """The one port that there is to choose."""
    port = unused_port()
    monkeypatch.setattr(ports, "INTERNAL_RANGE", range(port, port + 1))
    monkeypatch.setattr(ports, "ATTEMPTS", 1)
    return port


def is_free() -> bool:
    """Whether another stack would be given the port."""
    try:
        with reserved(1):
            return True
    except PortTaken:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a program could not listen beside the holder")
def test_a_port_of_a_stack_is_given_to_no_other_whether_its_program_runs_or_not(only: int) -> None:
    with reserved(1) as (port,):
        assert port == only
        assert not is_free(), "the program has not been started"
        for _ in range(2):
            with socket.create_server(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
                assert not is_free(), "the program runs"
            assert not is_free(), "the program is started again"


def test_a_port_is_free_again_when_its_stack_has_ended(only: int) -> None:
    assert is_free()
    with socket.create_server(("127.0.0.1", only)):
        assert not is_free()
    assert is_free()
