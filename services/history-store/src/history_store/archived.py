"""Lists the conversations that are archived: the log has none of their events."""

from typing import Final

from eventlog.archived import ArchiveIndex
from history_store.projections import listed
from history_store.store import Store
from history_store.tables import ConversationRow

BATCH: Final = 500


async def list_archived(index: ArchiveIndex, store: Store) -> None:
    """List what the index has, but not what the log has brought into the tables.

    Raises:
        LogError: if the index does not answer.
    """
    rows: list[ConversationRow] = []
    async for _, archived in index.all():
        rows.append(listed(archived.listed))
        if len(rows) == BATCH:
            await store.list_archived(rows)
            rows = []
    await store.list_archived(rows)
