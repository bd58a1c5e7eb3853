"""The supervisor with a real nats-server and small stand-ins for the services."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import jwt
import psutil
import pytest
from tests.model_server import SECRET, Write, refuse, say, serving

from parley.commands.status import Status
from parley.settings import PORTS, Settings
from parley.stack.data_dir import DataDir

BOUND_SECONDS = 40.0
STAND_IN = """
import asyncio, os, pathlib, signal, sys
import jwt

if "edge_ws" in sys.argv[0] and pathlib.Path("broken").exists():
    print("edge-ws ends: PARLEY_ROOM_GRAPH: broken")
    sys.exit(int(pathlib.Path("broken").read_text()))

async def answer(reader, writer):
    await reader.readline()
    writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
    writer.close()

async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await asyncio.start_server(answer, "127.0.0.1", int(os.environ["PARLEY_HTTP_PORT"]))
    print("serving", len(os.environ["PARLEY_JWT_SECRET"]), flush=True)
    await stop.wait()
    print("drained", flush=True)

asyncio.run(main())
"""
DOCTOR_ASKS = "agent_runner.agents.models"
"""What `parley doctor` has the model asked by."""
DECLARE = "import os; print('streams, LIVE of', os.environ['PARLEY_STREAM_LIVE_BYTES'])"
# `parley.stack` with its table narrowed to the programs of the test.
RUN = """
import asyncio, os, pathlib, sys
from parley.settings import Settings
from parley.stack.console import Console
from parley.stack.services import SERVICES
from parley.stack.supervisor import Stack, StartFailed

async def main():
    settings = Settings.load(os.environ, pathlib.Path(".env"))
    services = [each for each in SERVICES if each.name in ("edge-ws", "edge-rest")]
    await Stack(settings, Console(sys.stdout), services=services, declare="streams").run()

try:
    asyncio.run(main())
except StartFailed as error:
    sys.exit(f"parley: {error}")
"""


class Running:
    """A supervisor under test, by what it shows outside."""

    def __init__(
        self, process: asyncio.subprocess.Process, output: asyncio.StreamReader, env: dict[str, str]
    ):
        self.process = process
        self.env = env
        self.port = int(env["PARLEY_PORT"])
        self._output = output

    async def says(self, text: str) -> str:
        """Read the output up to a line with a text."""
        while line := (await self._output.readline()).decode():
            if text in line:
                return line
        raise AssertionError(f"ended without saying {text!r}")

    async def status(self) -> dict[str, Status]:
        """What `parley status --json` prints."""
        shown = await parley(self.env, "status", "--json")
        return {each["service"]: each for each in json.loads(shown.out)}

    async def until(self, service: str, holds: Callable[[Status], bool]) -> Status:
        """Ask for the status of a service until something holds."""
        while not holds(status := (await self.status())[service]):
            continue
        return status

    async def health(self) -> int:
        """The status of a request through the public port."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /health HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return int(answer.split(b" ")[1])


class Shown:
    """What a command printed, and its exit code."""

    def __init__(self, code: int | None, out: bytes, err: bytes) -> None:
        self.code = code
        self.out = out.decode()
        self.err = err.decode()


async def parley(env: dict[str, str], *arguments: str) -> Shown:
    """Run a command to its end."""
    return await ran(env, "parley", *arguments)


async def ran(env: dict[str, str], module: str, *arguments: str) -> Shown:
    """Run a module to its end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        module,
        *arguments,
        env=env,
        cwd=env["HOME"],
        stdout=PIPE,
        stderr=PIPE,
    )
    out, err = await process.communicate()
    return Shown(process.returncode, out, err)


@pytest.fixture
def env(tmp_path: Path, unused_port: Callable[[], int]) -> dict[str, str]:
    """The environment of a user with nothing but free ports set."""
    modules = tmp_path / "modules"
    for edge in ("edge_ws", "edge_rest"):
        (modules / edge).mkdir(parents=True)
        (modules / edge / "__init__.py").touch()
        (modules / edge / "__main__.py").write_text(STAND_IN)
    (modules / "streams.py").write_text(DECLARE)
    (tmp_path / "jwt.py").write_text("raise SystemExit('imported from the working directory')")
    ports = {name: str(unused_port()) for name in PORTS}
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(modules),
        "PARLEY_HANG_TIMEOUT": "3",
        "PARLEY_STREAM_LIVE_BYTES": "1234567",
        **ports,
    }


@pytest.fixture
def installed(env: dict[str, str]) -> dict[str, str]:
    """The same, with every service as it is installed."""
    return {name: value for name, value in env.items() if name != "PYTHONPATH"}


@pytest.fixture
async def stack(env: dict[str, str], tmp_path: Path) -> AsyncIterator[Running]:
    """A stack that is ready."""
    async with started(env, tmp_path) as running:
        await running.says("Parley is ready")
        yield running


@contextlib.asynccontextmanager
async def started(env: dict[str, str], tmp_path: Path) -> AsyncIterator[Running]:
    """A stack that is starting."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-c", RUN, env=env, cwd=tmp_path, stdout=PIPE
    )
    assert process.stdout is not None
    running = Running(process, process.stdout, env)
    try:
        async with asyncio.timeout(BOUND_SECONDS):
            yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def alive(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def gone(pids: list[int]) -> None:
    """Wait until processes that are not ours have ended."""
    while any(alive(pid) for pid in pids):  # noqa: ASYNC110 - nothing else tells; the fixture bounds it
        await asyncio.sleep(0.02)


async def test_everything_is_up_and_says_where(stack: Running) -> None:
    assert str(stack.port) in await stack.says("http://")
    assert await stack.health() == 200
    status = await stack.status()
    assert list(status) == ["nats-server", "edge-ws", "edge-rest", "gateway"]
    assert all(
        each["ready"] and each["state"] == "running" and not each["restarts"] for each in status.values()
    )


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_everything_cleanly(stack: Running, how: signal.Signals) -> None:
    pids = [each["pid"] or 0 for each in (await stack.status()).values()]
    stack.process.send_signal(how)
    await stack.says("drained")
    assert await stack.process.wait() == 0
    assert not any(alive(pid) for pid in pids)
    shown = await parley(stack.env, "status", "--json")
    assert (shown.code, json.loads(shown.out)) == (1, [])


@pytest.mark.parametrize("service", ["nats-server", "edge-rest", "gateway"])
async def test_what_is_killed_comes_back(stack: Running, service: str) -> None:
    before = (await stack.status())[service]
    os.kill(before["pid"] or 0, signal.SIGKILL)
    after = await stack.until(service, lambda each: each["restarts"] == 1 and each["ready"])
    assert after["pid"] != before["pid"]
    assert await stack.health() == 200


async def test_the_streams_are_declared_again_after_nats_was_killed(stack: Running) -> None:
    os.kill((await stack.status())["nats-server"]["pid"] or 0, signal.SIGKILL)
    assert (await stack.says("streams, ")).endswith("streams, LIVE of 1234567\n")


@pytest.mark.skipif(sys.platform != "linux", reason="only there services are forks")
async def test_services_are_forks_of_one_process_and_come_back_when_it_is_killed(stack: Running) -> None:
    before = await stack.status()
    edges = [psutil.Process(before[name]["pid"] or 0) for name in ("edge-ws", "edge-rest")]
    (server,) = {each.ppid() for each in edges}
    assert [" ".join(each.cmdline()).split()[-1] for each in edges] == ["edge_ws", "edge_rest"]
    assert psutil.Process(server).ppid() == stack.process.pid

    os.kill(server, signal.SIGKILL)
    for each in ("edge-ws", "edge-rest"):
        await stack.until(each, lambda now: now["restarts"] == 1 and now["ready"])
    after = await stack.status()
    assert await stack.health() == 200
    assert after["nats-server"] == before["nats-server"]
    (successor,) = {psutil.Process(after[name]["pid"] or 0).ppid() for name in ("edge-ws", "edge-rest")}
    assert successor != server


@pytest.mark.parametrize("service", ["edge-ws", "gateway"])
async def test_what_hangs_is_noticed_and_started_anew(stack: Running, service: str) -> None:
    os.kill((await stack.status())[service]["pid"] or 0, signal.SIGSTOP)
    status = await stack.status()
    assert (status[service]["ready"], status["edge-rest"]["ready"]) == (False, True)
    assert (await parley(stack.env, "status")).code == 2
    await stack.says("has not answered for 3 s; killing it")
    await stack.until(service, lambda each: each["restarts"] == 1 and each["ready"])
    assert await stack.health() == 200


async def test_what_does_not_come_up_again_is_called_failing(stack: Running, tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("1")
    os.kill((await stack.status())["edge-ws"]["pid"] or 0, signal.SIGKILL)
    await stack.until("edge-ws", lambda each: each["state"] == "failing")
    assert (await parley(stack.env, "status")).code == 2
    stack.process.send_signal(signal.SIGINT)
    assert await stack.process.wait() == 1


@pytest.mark.parametrize("code", [1, os.EX_CONFIG])
async def test_what_cannot_be_started_ends_the_start_with_one_line(
    env: dict[str, str], tmp_path: Path, code: int
) -> None:
    (tmp_path / "broken").write_text(str(code))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", RUN), env=env, cwd=tmp_path, stdout=PIPE, stderr=PIPE
    )
    async with asyncio.timeout(BOUND_SECONDS):
        out, err = await process.communicate()
    assert process.returncode == 1
    assert err.decode() == "parley: edge-ws cannot be started: edge-ws ends: PARLEY_ROOM_GRAPH: broken\n"
    assert out.count(b"edge-ws ends") == (1 if code == os.EX_CONFIG else 3)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
async def test_a_killed_supervisor_takes_its_processes_along(stack: Running) -> None:
    pids = [each["pid"] or 0 for each in (await stack.status()).values()]
    stack.process.kill()
    await gone(pids)
    assert (await parley(stack.env, "status")).code == 1  # its state file is still there


async def test_a_second_copy_is_one_clear_line(stack: Running) -> None:
    shown = await parley(stack.env, "up")
    assert shown.code == 1
    assert shown.err.count("\n") == 1
    assert "another copy is running" in shown.err


async def test_a_taken_port_is_one_clear_line(stack: Running, tmp_path: Path) -> None:
    shown = await parley(stack.env | {"PARLEY_DATA_DIR": str(tmp_path / "other")}, "up")
    assert shown.code == 1
    taken = f"parley: port {stack.port} on 127.0.0.1 is taken by another process"
    assert shown.err == f"{taken}; choose another with PARLEY_PORT\n"


async def test_a_taken_port_that_nobody_chose_is_left_out(env: dict[str, str], tmp_path: Path) -> None:
    langgraph = int(Settings.load({}, tmp_path / ".env").ports["PARLEY_LANGGRAPH_PORT"])
    with socket.socket() as other, contextlib.suppress(OSError):  # somebody else may hold it already
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", langgraph))
        other.listen()
        others = {name: value for name, value in env.items() if name != "PARLEY_LANGGRAPH_PORT"}
        async with started(others, tmp_path) as running:
            await running.says(f"port {langgraph} is taken, so it is left out")
            await running.says(f"http://127.0.0.1:{running.port}  LangGraph API")
            assert await running.health() == 200


async def test_secrets_are_private(stack: Running, tmp_path: Path) -> None:
    kept = tmp_path / ".parley"
    for name in ("nats.secret", "jwt.secret", "nats-server.conf", "state.json"):
        assert (kept / name).stat().st_mode & 0o077 == 0, name


async def test_a_folder_that_was_there_becomes_private(env: dict[str, str], tmp_path: Path) -> None:
    kept = tmp_path / ".parley"
    (kept / "jetstream").mkdir(parents=True)
    (kept / "history.db").touch()
    for each in (kept, kept / "jetstream", kept / "history.db"):
        each.chmod(0o777)
    (tmp_path / "broken").write_text(str(os.EX_CONFIG))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-c", RUN), env=env, cwd=tmp_path, stdout=PIPE, stderr=PIPE
    )
    await process.communicate()
    assert [each for each in (kept, *kept.rglob("*")) if each.stat().st_mode & 0o077] == []


async def test_a_folder_for_everybody_is_refused(env: dict[str, str], tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    shown = await parley(env | {"PARLEY_DATA_DIR": str(shared)}, "up")
    assert (shown.code, shown.err.count("\n")) == (1, 1)
    assert "is shared with others; PARLEY_DATA_DIR needs a folder of its own" in shown.err
    assert shared.stat().st_mode & 0o777 == 0o777


async def test_a_token_is_signed_with_the_secret_of_the_installation(
    env: dict[str, str], tmp_path: Path
) -> None:
    assert (await parley(env, "token", "--user", "kim")).code == 1  # nothing is there that would know it
    secret = DataDir(tmp_path / ".parley").secret("jwt")
    shown = await parley(env, "token", "--user", "kim", "--ttl", "60")
    claims = jwt.decode(shown.out.strip(), secret, algorithms=["HS256"])
    assert (claims["sub"], claims["exp"] - claims["iat"]) == ("kim", 60)


async def test_doctor_names_what_is_wrong(installed: dict[str, str]) -> None:
    assert (await parley(installed, "doctor")).code == 0
    shown = await parley(installed | {"PARLEY_PROT": "1", "PARLEY_JWT_SECRET": "short"}, "doctor")
    assert shown.code == 1
    assert "PARLEY_PROT: no such setting" in shown.out
    assert "PARLEY_JWT_SECRET is shorter" in shown.out


@contextlib.asynccontextmanager
async def model_that_answers(status: int) -> AsyncIterator[dict[str, str]]:
    """The settings of a model whose server answers with a status."""

    async def behave(write: Write, number: int, body: dict[str, Any]) -> None:
        if status == 200:
            await say(write, body, "Hi")
        else:
            await refuse(write, status, f"no such key or model as {SECRET}")

    async with serving(behave) as server:
        yield {"PARLEY_MODEL": "openai:m", "PARLEY_MODEL_URL": server.url, "PARLEY_MODEL_KEY": SECRET}


@pytest.mark.parametrize(
    ("status", "said"), [(200, "ok   model: openai:m: answers"), (401, "FAIL model: openai:m: denied: ")]
)
async def test_doctor_asks_the_model(installed: dict[str, str], status: int, said: str) -> None:
    async with model_that_answers(status) as model:
        shown = await parley(installed | model, "doctor")

    assert shown.code == (0 if status == 200 else 1)
    assert said in shown.out
    assert SECRET not in shown.out + shown.err


@pytest.mark.parametrize(
    ("status", "said"), [(404, "openai:m: missing: "), (429, "openai:m: busy: "), (None, "openai:m: down: ")]
)
async def test_what_the_model_says_to_doctor(
    installed: dict[str, str], status: int | None, said: str
) -> None:
    async with model_that_answers(status or 200) as model:
        if status is not None:
            shown = await ran(installed | model, DOCTOR_ASKS)
    if status is None:
        shown = await ran(installed | model, DOCTOR_ASKS)  # nobody listens there any more

    assert shown.code == 1
    assert said in shown.err
    assert SECRET not in shown.out + shown.err


@pytest.mark.parametrize(
    ("model", "said"),
    [("openai:gpt-4o", "needs a key"), ("nobody:x", "can't be loaded"), ("gpt-4o", "<provider>:<model>")],
)
async def test_doctor_is_told_of_a_model_that_cannot_be_used(
    installed: dict[str, str], model: str, said: str
) -> None:
    shown = await ran(installed | {"PARLEY_MODEL": model}, DOCTOR_ASKS)

    assert shown.code == 1
    (line,) = [line for line in shown.err.splitlines() if said in line]
    assert "model" in line.lower()


async def test_an_unknown_setting_is_one_clear_line(env: dict[str, str]) -> None:
    shown = await parley(env | {"PARLEY_PROT": "1"}, "up")
    assert (shown.code, shown.err.count("\n")) == (1, 1)
    assert "PARLEY_PROT" in shown.err
