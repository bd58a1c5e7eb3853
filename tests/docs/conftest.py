"""Stacks that are started as a page says, and the programs of the pages run against them."""

import os
import re
import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from tests.docs.blocks import ROOT, blocks
from tests.packages import are_installed
from tests.spoken import SPOKEN_RATE, spoken

CLIENTS: Final = ROOT / "examples" / "clients"
SHARED: Final = "examples/human_in_the_loop/README.md"
"""The page whose stack answers as one without settings, and serves a graph besides."""
PROGRAM_SECONDS: Final = 60.0
VOICE_RATE: Final = 24_000
DEFAULTS: Final = {
    "8000": "PARLEY_PORT",
    "3001": "PARLEY_QUOTE_PORT",
    "8765": "PARLEY_AGENT_WS_PORT",
    "8001": "PARLEY_AGENT_RUN_PORT",
    "2024": "PARLEY_LANGGRAPH_PORT",
}
_ADDRESS: Final = re.compile(rf"\blocalhost:({'|'.join(DEFAULTS)})\b")
_SETTING: Final = re.compile(r"(\w+)=(\S+)")

Run = Callable[..., str]


@pytest.fixture(scope="session")
def runs(
    running: Callable[..., AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Callable[[str], Run]]:
    """For a page, what runs its commands: on the stack that the page starts, or else on the shared one."""
    started: dict[str, tuple[AbstractContextManager[Any], Run]] = {}

    def on(page: str) -> Run:
        name = page if _settings(page) else SHARED
        if name not in started:
            stack = running(tmp_path_factory.mktemp("documented"), unused_port, **_settings(name))
            started[name] = (stack, _runner(stack.__enter__()))
        return started[name][1]

    yield on
    for stack, _ in started.values():
        stack.__exit__(None, None, None)


def _settings(page: str) -> dict[str, str]:
    served = [block.text for block in blocks(ROOT / page) if block.kind == "sh serve"]
    settings = dict(_SETTING.findall(served[0])) if served else {}
    if "PYTHONPATH" in settings:
        settings["PYTHONPATH"] = str(ROOT / settings["PYTHONPATH"])
    return settings


def _runner(stack: Any) -> Run:
    def run(program: list[str] | str, cwd: Path = ROOT) -> str:
        """What a program prints; `localhost` with a default port is this stack."""
        told = [program] if isinstance(program, str) else program
        words = [
            _ADDRESS.sub(lambda found: f"127.0.0.1:{stack.ports[DEFAULTS[found[1]]]}", word) for word in told
        ]
        own = {name: str(port) for name, port in stack.ports.items()}
        data = {"PARLEY_DATA_DIR": str(stack.folder / "data")}
        command = ["bash", "-euo", "pipefail", "-c", *words] if isinstance(program, str) else words
        done = subprocess.run(
            command,
            cwd=cwd,
            env=dict(os.environ) | own | data | stack.environment,
            capture_output=True,
            text=True,
            timeout=PROGRAM_SECONDS,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout

    return run


@pytest.fixture(scope="session")
def javascript() -> Path:
    """The folder of the clients, with the packages that those in JavaScript need."""
    if shutil.which("node") is None:
        pytest.skip("Node.js is not installed")
    assert are_installed(CLIENTS)
    return CLIENTS


@pytest.fixture(scope="session")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV file in which somebody says hello."""
    said = np.frombuffer(spoken("hello"), dtype="<i2")
    moments = np.arange(len(said) * VOICE_RATE // SPOKEN_RATE) * SPOKEN_RATE / VOICE_RATE
    file = tmp_path_factory.mktemp("spoken") / "question.wav"
    with wave.open(str(file), "wb") as writer:
        writer.setparams((1, 2, VOICE_RATE, 0, "NONE", ""))
        writer.writeframes(np.interp(moments, np.arange(len(said)), said).astype("<i2").tobytes())
    return file
