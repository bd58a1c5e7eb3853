"""Logs that earlier releases have written come to the same as they did then, for ever."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.frozen.replay import FOLDER, replay

from contracts.events import REGISTERED, UPCASTERS
from contracts.registry import Registry

FROZEN = sorted(FOLDER.glob("*.jsonl"))


@pytest.mark.parametrize("file", FROZEN, ids=lambda file: file.stem)
def test_a_frozen_conversation_comes_to_the_same(file: Path, own_nats: Any, tmp_path: Path) -> None:
    lines = file.read_text().splitlines()
    expected = json.loads(file.with_suffix(".expected.json").read_text())
    assert asyncio.run(replay(own_nats.url, tmp_path, lines)) == expected


@pytest.mark.parametrize("file", FROZEN, ids=lambda file: file.stem)
def test_every_frozen_event_can_be_read(file: Path) -> None:
    registry = Registry(REGISTERED, UPCASTERS)
    for line in file.read_text().splitlines()[1:-1]:
        event = json.loads(line)
        headers = event["headers"]
        registry.decode(headers["ce-type"], int(headers["ce-dataversion"]), event["payload"])
