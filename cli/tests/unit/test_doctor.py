"""`parley doctor` does not wait for a NATS that is not there."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from parley.commands.doctor import REACH_RETRIES, ask_nats
from parley.settings import Settings


class Dead:
    """Something that hangs up whenever somebody calls.

    Attributes:
        calls: how often.
    """

    def __init__(self) -> None:
        self.calls = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"nats://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            self.calls += 1
            caller.close()

    def end(self) -> None:
        """Hear no more calls."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@pytest.fixture
def dead() -> Iterator[Dead]:
    server = Dead()
    try:
        yield server
    finally:
        server.end()


def test_a_nats_that_does_not_answer_is_tried_twice(
    dead: Dead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_NATS_URL", dead.address.replace("//", "//operator:geheim@"))
    told = ask_nats(Settings.load({"PARLEY_DATA_DIR": str(tmp_path)}, Path(os.devnull)))
    assert dead.calls == 1 + REACH_RETRIES
    assert (told.time, told.well) == (None, False)
    assert told.streams.startswith(f"NATS does not answer at {dead.address}")
