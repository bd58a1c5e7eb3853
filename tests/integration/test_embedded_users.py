"""The embedded stack has the same users of NATS as a cluster, each with what it needs and no more."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.errors import Error as NatsError

from eventlog.admin.permissions import OPERATOR, USERS
from eventlog.streams import declare
from parley.stack.nats import password, program, write_config

WAIT_SECONDS = 20


@pytest.mark.parametrize("user", [user.name for user in USERS])
async def test_a_service_cannot_purge_the_log(stack: Any, user: str) -> None:
    data = stack.folder / "data"
    (port,) = re.findall(r"127.0.0.1:(\d+)", (data / "nats-server.conf").read_text())
    secret = (data / "nats.secret").read_text().strip()
    refused: list[str] = []

    async def remember(error: Exception) -> None:
        refused.append(str(error))

    address = f"nats://127.0.0.1:{port}"
    client = await nats.connect(
        address,
        user=user,
        password=password(user, secret),
        inbox_prefix=f"_INBOX.{user}",
        error_cb=remember,
    )
    operator = await nats.connect(address, user=OPERATOR, password=password(OPERATOR, secret))
    purges = await operator.subscribe("$JS.API.STREAM.PURGE.>")
    await operator.jetstream().stream_info("LOG")  # by now it hears them
    with pytest.raises(NatsError):
        await client.request("$JS.API.STREAM.PURGE.LOG", b"", timeout=1)
    for asked in ("STREAM.INFO.LOG", "STREAM.MSG.GET.LOG", "DIRECT.GET.LOG"):
        await client.publish(f"$JS.API.{asked}", b'{"seq": 1}', reply="$JS.API.STREAM.PURGE.LOG")
        await client.request(f"$JS.API.{asked}", b'{"seq": 1}', timeout=WAIT_SECONDS)  # answered in turn
    await operator.jetstream().stream_info("LOG")
    assert purges.pending_msgs == 0
    await operator.close()
    await client.close()
    assert any("permissions violation" in error.lower() for error in refused)


def test_no_two_users_have_the_same_password() -> None:
    names = [OPERATOR, *(user.name for user in USERS)]
    assert len({password(name, "a secret") for name in names}) == len(names)
    assert password(OPERATOR, "a secret") != password(OPERATOR, "another secret")


def test_the_stack_does_its_work_without_a_violation(stack: Any) -> None:
    refused = [line for line in stack.log().splitlines() if "Violation" in line]
    assert [line for line in refused if "STREAM.PURGE.LOG" not in line] == []


async def test_a_log_from_before_the_accounts_is_found(
    nats_configured_by: Callable[[str], Any], unused_port: Callable[[], int], tmp_path: Path
) -> None:
    old, data, port = nats_configured_by(""), tmp_path / "data", unused_port()
    async with await nats.connect(old.url) as client:
        await declare(client, log_bytes=1 << 26)
        await client.jetstream().publish("conv.00.key.test", b"kept")
    old.kill()
    (data / "jetstream").mkdir(parents=True)
    (tmp_path / "jetstream").rename(data / "jetstream/jetstream")
    config = write_config(data, port=port, secret="a secret")
    server = await asyncio.create_subprocess_exec(
        program() or "nats-server", "-c", config, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with await nats.connect(
            f"nats://127.0.0.1:{port}",
            user=OPERATOR,
            password=password(OPERATOR, "a secret"),
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.1,
        ) as client:
            await declare(client, log_bytes=1 << 26)
            assert (await client.jetstream().get_msg("LOG", 1)).data == b"kept"
    finally:
        server.kill()
        await server.wait()
