"""Each service ends at once, with one line, where it could not work as configured."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nats
import pytest
from docs.generate import settings

SERVICES = ("agent_runner", "edge_rest", "edge_ws", "history_store", "quote_engine", "voice_bridge")
END_SECONDS = 30.0
ROOT = Path(__file__).parents[2]


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


async def end(folder: Path, service: str, code: int = os.EX_CONFIG, /, **variables: str) -> str:
    """What a service says that must end by itself, with a code that tells whether trying again may help."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        service,
        env={"PARLEY_DATA_DIR": str(folder), "PARLEY_HTTP_PORT": "0", **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(END_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == code, said
    (line,) = said.decode().splitlines()
    assert line.startswith(f"{service.replace('_', '-')} ends: ")
    return line


async def test_an_unknown_variable(tmp_path: Path, service: str) -> None:
    line = await end(tmp_path, service, PARLEY_NATS_URI="nats://127.0.0.1:4222")
    assert line.endswith("PARLEY_NATS_URI: no such setting, did you mean PARLEY_NATS_URL?")


async def test_a_bad_value(tmp_path: Path, service: str) -> None:
    line = await end(tmp_path, service, PARLEY_NATS_REQUEST_TIMEOUT="soon")
    assert "PARLEY_NATS_REQUEST_TIMEOUT: Input should be a valid number" in line


@pytest.mark.parametrize("edge", ["edge_rest", "edge_ws"])
async def test_a_bad_secret_is_not_shown(tmp_path: Path, edge: str) -> None:
    line = await end(tmp_path, edge, PARLEY_API_KEYS="letmein")
    assert "PARLEY_API_KEYS" in line
    assert "letmein" not in line


@pytest.mark.parametrize("edge", ["edge_rest", "edge_ws"])
async def test_an_edge_that_anybody_could_use(tmp_path: Path, edge: str) -> None:
    line = await end(tmp_path, edge, PARLEY_HTTP_HOST="0.0.0.0")  # noqa: S104 - what is refused
    assert "PARLEY_ALLOW_INSECURE_BIND" in line
    assert "anybody who reaches 0.0.0.0 could use this server; set PARLEY_API_KEYS" in line


async def test_a_telemetry_protocol_that_is_not_spoken(tmp_path: Path) -> None:
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4317",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
    }
    line = await end(tmp_path, "edge_ws", **variables)
    assert line.endswith("OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not spoken here, only http/protobuf")


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("PARLEY_MODEL", "openai:gpt-4o", "PARLEY_MODEL 'openai:gpt-4o' needs a key"),
        ("PARLEY_MODEL", "nobody:x", "PARLEY_MODEL 'nobody:x' can't be loaded"),
        ("PARLEY_GRAPHS", "mine", "PARLEY_GRAPHS entry 'mine' must be <name>=<module>:<attribute>"),
        ("PARLEY_GRAPHS", "mine=absent:graph", "No module named 'absent'"),
        ("PARLEY_MCP_CONFIG", "absent.json", "PARLEY_MCP_CONFIG: "),
    ],
)
async def test_a_model_a_graph_or_a_file_that_is_not_there(
    tmp_path: Path, own_nats: Any, setting: str, value: str, said: str
) -> None:
    line = await end(tmp_path, "agent_runner", PARLEY_NATS_URL=own_nats.url, **{setting: value})
    assert said in line


async def test_nats_that_is_not_there(tmp_path: Path, service: str, unused_port: Callable[[], int]) -> None:
    url = f"nats://127.0.0.1:{unused_port()}"
    line = await end(tmp_path, service, 1, PARLEY_NATS_URL=url, PARLEY_NATS_CONNECT_DEADLINE="0.5")
    assert f"NATS does not answer at {url}" in line
    assert line.endswith("start it, or set PARLEY_NATS_URL")


async def test_a_stream_that_is_missing(tmp_path: Path, service: str, own_nats: Any) -> None:
    client = await nats.connect(own_nats.url)
    await client.jetstream().delete_stream("LOG")
    await client.close()
    line = await end(tmp_path, service, 1, PARLEY_NATS_URL=own_nats.url)
    assert line.endswith("stream LOG is missing; run: python -m eventlog.admin.declare")


async def test_a_stream_with_other_settings(tmp_path: Path, service: str, own_nats: Any) -> None:
    client = await nats.connect(own_nats.url)
    stream = client.jetstream()
    await stream.delete_stream("LOG")
    await stream.add_stream(name="LOG", subjects=["conv.>"])
    await client.close()
    line = await end(tmp_path, service, 1, PARLEY_NATS_URL=own_nats.url)
    assert "stream LOG: discard is 'old', not 'new'" in line
    assert line.endswith("run: python -m eventlog.admin.declare")


@pytest.mark.parametrize("path", settings.written(), ids=lambda path: path.name)
def test_what_is_made_of_the_settings_is_up_to_date(path: Path) -> None:
    assert path.read_text() == settings.written()[path]


def test_the_handbook_names_what_the_stack_gives() -> None:
    handbook = (ROOT / "docs/operations.md").read_text()
    assert [name for name in settings.GIVEN if f"`{name}`" not in handbook] == []
