"""A box holds no more than it may, in messages and in bytes, and says when it has lost some."""

from typing import cast

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from eventlog.mailbox import Mailbox


def message(size: int) -> Msg:
    return Msg(cast("Client", None), data=b"x" * size)


@pytest.mark.parametrize(("count", "size", "kept"), [(3, 1, 1), (4, 1, 0), (2, 50, 1), (3, 50, 0)])
async def test_what_does_not_fit_is_lost_and_told(count: int, size: int, kept: int) -> None:
    box = Mailbox(limit=3, limit_bytes=100)
    for _ in range(count):
        await box.deliver(message(size))
    taken = await box.take(1)
    assert (taken is not None) == kept
    await box.deliver(message(100))
    again = await box.take(1)
    assert again is not None, "what was taken takes no room"
    assert len(again) == 1
