"""What is sent of a delta that is too large for a message."""

from typing import Any

import pytest

from contracts.live import FRAME, Delta
from eventlog.live import fitting

ROOM = 100_000


def sent(data: Any, kind: str = "on_chain_end") -> bytes:
    return fitting(Delta(run_id="r", attempt=1, index=3, kind=kind, data=data), ROOM)


@pytest.mark.parametrize(
    "large",
    ["ㄱ" * ROOM, ["word"] * ROOM, {f"k{n}": n for n in range(ROOM)}, [["deep" * 100] * 300] * 300],
    ids=["text", "list", "object", "nested"],
)
def test_what_it_ends_is_still_named(large: Any) -> None:
    payload = sent({"event": "on_chain_end", "run_id": "r-1", "data": {"output": large}})
    assert len(payload) <= ROOM
    data = Delta.model_validate_json(payload).data
    assert (data["event"], data["run_id"]) == ("on_chain_end", "r-1")
    assert data["data"]["output"]


def test_what_fits_is_whole() -> None:
    assert Delta.model_validate_json(sent({"text": "x" * 1000})).data == {"text": "x" * 1000}


def test_a_frame_is_never_cut() -> None:
    assert len(sent("x" * ROOM, FRAME)) > ROOM
