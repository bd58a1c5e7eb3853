"""The stack of docker-compose.yml, on an engine that is there or can be had, with ports of its own."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any
from uuid import uuid4

import pytest

ROOT = Path(__file__).parents[2]
SWITCH = "COMPOSE_TESTS"
BUILD_SECONDS = 900
UP_SECONDS = 240
READY_SECONDS = 90
"""Three times what the handbook says, for a machine that does other things too."""
READY = ("agent-runner", "edge-rest", "edge-ws", "history-store", "operator", "quote-engine", "voice-bridge")
OWN = "parley/"
PYTHON = "python:3.13-slim"


def run(
    *command: str, timeout: float = 120, env: dict[str, str] | None = None, given: str | None = None
) -> str:
    """What a command prints.

    Raises:
        AssertionError: with all it printed, if it fails.
    """
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | (env or {}),
        input=given or "",
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout[-4000:]}\n{ended.stderr[-8000:]}"
    return ended.stdout


def succeeds(*command: str) -> bool:
    return (
        shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True).returncode == 0
    )


@dataclass
class Composed:
    """One project of Compose.

    Attributes:
        ports: public ports on the loopback address, by the name of their setting.
        env_files: files of settings that choose profiles.
        settings: variables as somebody would have them in the shell.
    """

    ports: dict[str, int]
    override: Path
    env_files: tuple[str, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)
    project: str = field(default_factory=lambda: f"parley-test-{uuid4().hex[:8]}")

    def __call__(self, *arguments: str, timeout: float = 120, given: str | None = None) -> str:
        """``docker compose …`` for this project, with `given` as standard input."""
        files = ("--file", "docker-compose.yml", "--file", str(self.override))
        chosen = [part for name in self.env_files for part in ("--env-file", name)]
        return run(
            "docker",
            "compose",
            "--project-name",
            self.project,
            *files,
            *chosen,
            *arguments,
            timeout=timeout,
            env={name: str(port) for name, port in self.ports.items()} | self.settings,
            given=given,
        )

    def up(self, *arguments: str) -> float:
        """Bring it up, wait until it is healthy; the seconds it took."""
        began = time.monotonic()
        try:
            self("up", "--wait", "--quiet-pull", *arguments, timeout=UP_SECONDS)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self('logs', '--tail', '40')}") from None
        return time.monotonic() - began

    def containers(self, service: str) -> list[dict[str, Any]]:
        """What `docker inspect` says of a service's containers."""
        ids = self("ps", "--all", "--quiet", service).split()
        found: list[dict[str, Any]] = json.loads(run("docker", "inspect", *ids)) if ids else []
        return found

    def not_ready(self) -> dict[str, str]:
        """What the services of ours say that are not ready, each asked in its own container."""
        ask = (
            "import urllib.request, urllib.error\n"
            "try: urllib.request.urlopen('http://127.0.0.1:8080/readyz', timeout=5)\n"
            "except urllib.error.HTTPError as error: print(error.read().decode())\n"
            "except OSError as error: print(error)"
        )
        asked = {
            name: subprocess.Popen(
                ["docker", "exec", ids[0], "python", "-I", "-c", ask], stdout=PIPE, stderr=STDOUT, text=True
            )
            for name in READY
            if (ids := self("ps", "--all", "--quiet", name).split())
        }
        said = {name: process.communicate(timeout=30)[0].strip() for name, process in asked.items()}
        return {name: text for name, text in said.items() if text}

    def ready(self) -> float:
        """Wait until every service of ours says that it is; the seconds it took.

        Raises:
            AssertionError: if it took far longer than the handbook says.
        """
        began = time.monotonic()
        while wrong := self.not_ready():
            assert time.monotonic() - began < READY_SECONDS, f"{wrong}\n{self('logs', '--tail', '10')}"
        return time.monotonic() - began

    def kill_one(self, service: str) -> None:
        """End one of a service's running containers as a crash does."""
        run("docker", "kill", self("ps", "--quiet", service).split()[0])

    def url(self, port: str = "PARLEY_PORT", scheme: str = "http") -> str:
        """Where a port of the protocol page is."""
        return f"{scheme}://127.0.0.1:{self.ports[port]}"


def lab() -> Path | None:
    """The program that makes an engine on a bare machine, where there is one."""
    named = os.environ.get("CONTAINER_LAB") or shutil.which("container-lab")
    places = [Path(named)] if named else [each / "shared/tools/container-lab" for each in ROOT.parents]
    return next((each for each in places if each.exists()), None)


def made(maker: Path, *arguments: str) -> None:
    """Have the lab do something; where this machine does not let it, there is nothing to try here."""
    try:
        run(str(maker), *arguments, timeout=BUILD_SECONDS)
    except (AssertionError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"container-lab could not make what is missing: {error}")


@pytest.fixture(scope="session")
def engine() -> Iterator[None]:
    """A Docker engine with Compose, and the public images as far as they cannot be pulled."""
    if not os.environ.get(SWITCH):
        pytest.skip(f"{SWITCH} is not set; make test-compose sets it")
    maker = lab()
    there = succeeds("docker", "compose", "version") and succeeds("docker", "info")
    if not there:
        if maker is None:
            pytest.skip("there is no Docker engine with Compose, and no container-lab to make one")
        made(maker, "up")
    missing = [
        name
        for name in sorted({*run("docker", "compose", "config", "--images").split(), PYTHON})
        if not name.startswith(OWN) and not succeeds("docker", "image", "inspect", name)
    ]
    if missing and maker:
        made(maker, "images", *missing)
    elif unknown := [name for name in missing if not succeeds("docker", "pull", "--quiet", name)]:
        pytest.skip(f"the Docker engine has no image {unknown[0]} and cannot pull it")
    yield
    if maker and not there:
        made(maker, "down")


@pytest.fixture(scope="session")
def new_stack(
    engine: None, tmp_path_factory: pytest.TempPathFactory, unused_port: Callable[[], int]
) -> Callable[..., Composed]:
    """Makes projects that are built on the host's network, which may be the only way to a package index."""
    override = tmp_path_factory.mktemp("compose") / "build.json"
    services = json.loads(run("docker", "compose", "config", "--format", "json"))["services"]
    built = {name: {"build": {"network": "host"}} for name, each in services.items() if "build" in each}
    override.write_text(json.dumps({"services": built}))

    def make(*env_files: str) -> Composed:
        names = (
            "PARLEY_PORT",
            "PARLEY_QUOTE_PORT",
            "PARLEY_AGENT_WS_PORT",
            "PARLEY_AGENT_RUN_PORT",
            "PARLEY_LANGGRAPH_PORT",
        )
        return Composed({name: unused_port() for name in names}, override, env_files)

    return make


@pytest.fixture(scope="session")
def images(new_stack: Callable[..., Composed]) -> dict[str, int]:
    """The sizes of the services' images in bytes, once they are built."""
    began = time.monotonic()
    stack = new_stack()
    stack("build", timeout=BUILD_SECONDS)
    print(f"\nimages built in {time.monotonic() - began:.0f} s")  # noqa: T201 - figures for whoever runs it
    names = {name for name in stack("config", "--images").split() if name.startswith(OWN)}
    sizes = {
        name: int(run("docker", "image", "inspect", "--format", "{{.Size}}", name)) for name in sorted(names)
    }
    base = int(run("docker", "image", "inspect", "--format", "{{.Size}}", PYTHON))
    for name, size in sizes.items():
        print(f"{name}: {size / 1e6:.0f} MB, of which {base / 1e6:.0f} MB are Python's image")  # noqa: T201 - as above
    return sizes


@pytest.fixture(scope="session")
def together(images: dict[str, int]) -> int:
    """The bytes that the services' images take on a disk over Python's own image, each layer once."""

    def size(name: str) -> int:
        return int(run("docker", "image", "inspect", "--format", "{{.Size}}", name))

    for stage in ("runtime", "models"):  # what they share; built already
        file = ("--file", "deploy/docker/Dockerfile", "--target", stage, "--tag", f"parley-test/{stage}")
        network = ("--network", "host", "--allow", "network.host")
        run("docker", "buildx", "build", *network, *file, ".", timeout=BUILD_SECONDS)
    runtime, models = size("parley-test/runtime"), size("parley-test/models")
    beneath = {"parley/agent-runner": models, "parley/quote-engine": models}
    own = sum(each - beneath.get(name, runtime) for name, each in images.items() if name != "parley/operator")
    whole = own + (models - runtime) + (runtime - size(PYTHON))
    print(f"together {whole / 1e6:.0f} MB over Python's image")  # noqa: T201 - as above
    return whole


@pytest.fixture(scope="session")
def composed(new_stack: Callable[..., Composed], images: dict[str, int]) -> Iterator[Composed]:
    """One stack for all tests, with three runners and two edges."""
    stack = new_stack()
    try:
        print(f"up in {stack.up():.0f} s")  # noqa: T201 - as above
        print(  # noqa: T201 - as above
            f"scaled in {stack.up('--scale', 'agent-runner=3', '--scale', 'edge-ws=2'):.0f} s"
        )
        yield stack
    finally:
        stack("down", "--volumes", "--timeout", "20")
