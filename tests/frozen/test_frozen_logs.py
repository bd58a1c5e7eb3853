"""Logs that earlier releases have written come to the same as they did then, for ever."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.frozen.replay import FOLDER, replay

from contracts.envelope import TYPE, VERSION
from contracts.events import (
    REGISTERED,
    UPCASTERS,
    ConversationArchived,
    DocumentDeleted,
    VoiceToolCalled,
    VoiceToolReturned,
)
from contracts.registry import Registry

NOT_FROZEN = {
    (event.type, event.version)
    for event in (
        DocumentDeleted,  # no words make the embedded model delete a document
        VoiceToolCalled,  # by OpenAI's Realtime API only
        VoiceToolReturned,
        ConversationArchived,  # goes with what is exported
    )
}

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
        registry.decode(headers[TYPE], int(headers[VERSION]), event["payload"])


def test_every_version_of_every_event_is_frozen() -> None:
    frozen = {
        (event["headers"][TYPE], int(event["headers"][VERSION]))
        for file in FROZEN
        for event in map(json.loads, file.read_text().splitlines()[1:-1])
    }
    known = {(event.type, version) for event in REGISTERED for version in range(1, event.version + 1)}
    assert known - frozen == NOT_FROZEN
