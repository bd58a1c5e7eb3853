"""The embedded stack has the same users of NATS as a cluster, each with what it needs and no more."""

import re
from typing import Any

import nats
import pytest
from nats.errors import Error as NatsError

from eventlog.admin.permissions import OPERATOR, USERS
from parley.stack.nats import password


@pytest.mark.parametrize("user", [user.name for user in USERS])
async def test_a_service_cannot_purge_the_log(stack: Any, user: str) -> None:
    data = stack.folder / "data"
    (port,) = re.findall(r"127.0.0.1:(\d+)", (data / "nats-server.conf").read_text())
    secret = (data / "nats.secret").read_text().strip()
    refused: list[str] = []

    async def remember(error: Exception) -> None:
        refused.append(str(error))

    client = await nats.connect(
        f"nats://127.0.0.1:{port}",
        user=user,
        password=password(user, secret),
        inbox_prefix=f"_INBOX.{user}",
        error_cb=remember,
    )
    with pytest.raises(NatsError):
        await client.request("$JS.API.STREAM.PURGE.LOG", b"", timeout=1)
    await client.close()
    assert any("permissions violation" in error.lower() for error in refused)


def test_no_two_users_have_the_same_password() -> None:
    names = [OPERATOR, *(user.name for user in USERS)]
    assert len({password(name, "a secret") for name in names}) == len(names)
    assert password(OPERATOR, "a secret") != password(OPERATOR, "another secret")


def test_the_stack_does_its_work_without_a_violation(stack: Any) -> None:
    refused = [line for line in stack.log().splitlines() if "Violation" in line]
    assert [line for line in refused if "STREAM.PURGE.LOG" not in line] == []
