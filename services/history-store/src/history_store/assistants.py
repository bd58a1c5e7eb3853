"""What events do to the rows of assistants that people have made. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from contracts.envelope import Recorded, format_time
from contracts.events import AssistantSaved, AssistantVersionChosen
from history_store.runs import storable, storable_json
from history_store.tables import AssistantRow, ConversationRow

ABOUT = AssistantSaved | AssistantVersionChosen
"""The events about assistants."""


def evolve_assistant(
    versions: Mapping[int, AssistantRow], conversation: ConversationRow, recorded: Recorded
) -> dict[int, AssistantRow]:
    """All versions of an assistant after an event about it."""
    event = recorded.event
    match event:
        case AssistantSaved():
            time = format_time(recorded.occurred_at)
            saved = AssistantRow(
                sequence=recorded.sequence,
                incarnation=conversation.incarnation,
                assistant_id=storable(event.assistant_id),
                version=event.number,
                in_use=True,
                owner=conversation.owner,
                graph=storable(event.graph),
                name=storable(event.name),
                description=event.description and storable(event.description),
                config=_text(event.config),
                context=_text(event.context),
                labels=_text(event.metadata),
                created_at=conversation.created_at,
                updated_at=time,
            )
            return _using({**versions, event.number: saved}, event.number)
        case AssistantVersionChosen(number=version) if version in versions:
            return _using(versions, version)
        case _:
            return dict(versions)


def _using(versions: Mapping[int, AssistantRow], chosen: int) -> dict[int, AssistantRow]:
    return {
        version: row.model_copy(update={"in_use": version == chosen}) for version, row in versions.items()
    }


def _text(value: Any) -> str:
    return storable_json(json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")))
