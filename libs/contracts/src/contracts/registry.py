"""Which event types and versions exist, and how stored ones become today's classes."""

from collections.abc import Iterable, Iterator, Mapping

from contracts.events.base import Event, Payload, Upcaster


class RegistryError(ValueError):
    """The set of events and upcasters is not whole; raised at start-up."""


class UnknownEvent(ValueError):
    """A stored event whose type or version this release does not know."""


class Registry:
    """Event classes by type name, with one upcaster for each version before the current one.

    Attributes:
        unread: the types whose contents its reader has no use for.
    """

    def __init__(
        self,
        events: Iterable[type[Event]],
        upcasters: Mapping[tuple[str, int], Upcaster] | None = None,
        *,
        unread: Iterable[type[Event]] = (),
    ) -> None:
        """Check the whole set.

        Raises:
            RegistryError: on a type name used twice, a missing or a superfluous upcaster.
        """
        self.unread = frozenset(event.type for event in unread)
        self._events: dict[str, type[Event]] = {}
        for event in events:
            if event.type in self._events:
                raise RegistryError(f"event type {event.type!r} is declared twice")
            self._events[event.type] = event
        self._upcasters = dict(upcasters or {})
        needed = {(e.type, version) for e in self._events.values() for version in range(1, e.version)}
        if missing := needed - self._upcasters.keys():
            raise RegistryError(f"no upcaster from {sorted(missing)}")
        if superfluous := self._upcasters.keys() - needed:
            raise RegistryError(f"upcaster from a version that never was: {sorted(superfluous)}")

    def __iter__(self) -> Iterator[type[Event]]:
        return iter(self._events.values())

    def decode(self, event_type: str, version: int, payload: Payload) -> Event:
        """The event that a stored payload stands for, brought to its current version.

        Raises:
            UnknownEvent: if the type is unknown or the version is newer than this release's.
            pydantic.ValidationError: if the payload does not fit.
        """
        event = self._events.get(event_type)
        if event is None:
            raise UnknownEvent(f"unknown event type {event_type!r}")
        if not 1 <= version <= event.version:
            raise UnknownEvent(f"{event_type} version {version} is unknown; newest is {event.version}")
        for field, carried in event.carried.items():
            if carried in self.unread:
                payload.pop(field, None)
        for older in range(version, event.version):
            payload = self._upcasters[event_type, older](payload)
        return event.model_validate(payload)
