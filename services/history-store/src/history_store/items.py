"""What events do to the rows of the store's items. Pure; `memory` reads the rows."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from contracts.envelope import Recorded, format_time
from contracts.events import ItemDeleted, ItemPut, ItemsRefreshed
from history_store.runs import storable
from history_store.tables import ItemRow, VectorRow

Place: TypeAlias = tuple[str, str]
"""Where an item is: its namespace as `path_of` writes it, and its key."""


@dataclass(slots=True)
class ItemChanges:
    """What a batch of events comes to.

    Attributes:
        rows: the last state of every item touched; None if it is gone.
        vectors: those of the rows that were put in this batch, by the row's sequence.
    """

    rows: dict[Place, ItemRow | None]
    vectors: dict[int, Sequence[VectorRow]] = field(default_factory=dict)


def path_of(namespace: Iterable[str]) -> str:
    """The labels, each with a dot behind it: what lies below begins with the same text."""
    return storable("".join(f"{label}." for label in namespace))


def labels_of(path: str) -> tuple[str, ...]:
    """The inverse of `path_of`."""
    return tuple(path.split(".")[:-1])


def places_in(events: Iterable[Recorded]) -> set[Place]:
    """The items that events are about."""
    places: set[Place] = set()
    for recorded in events:
        match recorded.event:
            case ItemPut(namespace=namespace, key=key) | ItemDeleted(namespace=namespace, key=key):
                places.add((path_of(namespace), storable(key)))
            case ItemsRefreshed(namespace=namespace, keys=keys):
                places |= {(path_of(namespace), storable(key)) for key in keys}
            case _:
                pass
    return places


def evolve_items(changes: ItemChanges, incarnation: int, recorded: Recorded) -> None:
    """Take one event in."""
    match recorded.event:
        case ItemPut() as put:
            _put(changes, put, incarnation, recorded)
        case ItemDeleted(namespace=namespace, key=key):
            changes.rows[path_of(namespace), storable(key)] = None
        case ItemsRefreshed(namespace=namespace, keys=keys):
            for place in ((path_of(namespace), storable(key)) for key in keys):
                row = changes.rows.get(place)
                if row and row.ttl is not None and row.incarnation == incarnation:
                    until = _later(recorded.occurred_at, row.ttl)
                    changes.rows[place] = row.model_copy(update={"expires_at": until})
        case _:
            pass


def vectors_of(put: ItemPut, sequence: int, incarnation: int) -> list[VectorRow]:
    """The rows of an item's vectors."""
    return [
        VectorRow(
            sequence=sequence,
            number=number,
            incarnation=incarnation,
            embedding=storable(put.embedding),
            vector=vector,
        )
        for number, vector in enumerate(put.vectors)
    ]


def _put(changes: ItemChanges, put: ItemPut, incarnation: int, recorded: Recorded) -> None:
    place = path_of(put.namespace), storable(put.key)
    before = changes.rows.get(place)
    time = format_time(recorded.occurred_at)
    follows = before is not None and before.incarnation == incarnation
    changes.rows[place] = ItemRow(
        sequence=recorded.sequence,
        incarnation=incarnation,
        namespace=place[0],
        key=place[1],
        value=json.dumps(put.value, ensure_ascii=True, separators=(",", ":")),
        created_at=before.created_at if before and follows else time,
        updated_at=time,
        ttl=put.ttl,
        expires_at=None if put.ttl is None else _later(recorded.occurred_at, put.ttl),
    )
    changes.vectors[recorded.sequence] = vectors_of(put, recorded.sequence, incarnation)


def _later(moment: datetime, minutes: float) -> str | None:
    try:
        return format_time(moment + timedelta(minutes=minutes))
    except OverflowError:
        return None  # later than any clock shows


def known_items(rows: Iterable[ItemRow]) -> Mapping[Place, ItemRow]:
    """The rows by where their items are."""
    return {(row.namespace, row.key): row for row in rows}
