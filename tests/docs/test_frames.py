"""Every frame of a protocol stands on its page, and every frame on a page is one that the protocol has."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import from_json
from tests.docs.blocks import ROOT, blocks

from protocols.agent import wire as agent
from protocols.octo import wire as octo
from protocols.quote import wire as quote
from protocols.room import wire as room
from protocols.voice import wire as voice

CLIENT: dict[str, Any] = {
    "agent": agent.ClientMessage,
    "octo": octo.ClientFrame,
    "quote": quote.SendRequest,
    "room": room.Command,
    "voice": voice.ClientFrame,
}
_ANSWERS = quote.StatusResponse | quote.SendResponse | quote.HealthResponse | quote.ErrorResponse
SERVER: dict[str, Any] = {
    "agent": agent.Frame,
    "octo": octo.Frame,
    "quote": quote.ContentEvent | quote.QuoteEvent | quote.CompleteEvent | _ANSWERS,
    "room": room.Boundary
    | room.Token
    | room.Update
    | room.Failure
    | room.Connected
    | room.Refusal
    | room.Resync
    | room.State
    | room.Restart,
    "voice": voice.ServerFrame,
}
EITHER = [(name, side) for name in CLIENT for side in ("client", "server")]


@pytest.mark.parametrize(("protocol", "side"), EITHER)
def test_the_page_has_every_frame(protocol: str, side: str) -> None:
    frames = {"client": CLIENT, "server": SERVER}[side][protocol]
    classes = set(_classes(frames))
    shown = list(_shown(protocol, side))
    assert shown
    read = {type(_read(frames, line)) for line in shown}
    assert classes - read == set()


def _shown(protocol: str, side: str) -> Iterator[str]:
    for block in blocks(ROOT / f"docs/protocols/{protocol}.md"):
        if block.kind == f"json {side}":
            yield from block.text.splitlines()


def _classes(frames: Any) -> Iterator[type[BaseModel]]:
    if isinstance(frames, type) and issubclass(frames, BaseModel):
        yield frames
        return
    for part in getattr(frames, "__args__", ()):
        yield from _classes(part)


def _read(frames: Any, line: str) -> BaseModel:
    frame: BaseModel = TypeAdapter(frames).validate_python(from_json(line))
    told = type(frame).model_fields.keys()
    unknown = from_json(line).keys() - told
    assert not unknown, f"{line} has {unknown}, which {type(frame).__name__} has not"
    return frame


@pytest.mark.parametrize("line", ['{"type": "final"}', '{"event": "on_chain_sort", "node": "a", "data": 1}'])
def test_what_is_no_frame_is_seen(line: str) -> None:
    with pytest.raises(ValidationError):
        _read(SERVER["octo"], line)
