"""What a conversation is, wherever in the log it lies."""

from eventlog.ports import Log


async def told(log: Log, key: str) -> list[str]:
    """What a reader of the log is told of a conversation, positions as distances."""
    events = [event async for event in log.read(key)]
    numbers = {event.sequence: number for number, event in enumerate(events)}
    said = []
    for event in events:
        known = event.event.model_dump(mode="json")
        for name in ("message_sequence", "base"):
            if name in known:
                known[name] = numbers[known[name]]
        said.append(f"{event.event.type} {event.id} {event.occurred_at} {event.source} {known}")
    return said
