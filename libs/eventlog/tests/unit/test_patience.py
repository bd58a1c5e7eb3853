"""How long is waited for a log that does not answer."""

import pytest

from eventlog.patience import Patience
from eventlog.ports import Unavailable

AWAY = Unavailable("away")


async def wait_in_vain(patience: Patience) -> None:
    for _ in range(1000):
        await patience.wait(AWAY)


async def test_it_has_an_end() -> None:
    with pytest.raises(Unavailable, match="away"):
        await wait_in_vain(Patience(0.1))


async def test_an_answer_restores_it() -> None:
    patience = Patience(0.01)
    for _ in range(3):
        await patience.wait(AWAY)
        patience.restore()
