"""One NATS connection a process, made the same way everywhere, as a FastStream broker."""

import logging
import ssl
from collections.abc import Callable

from faststream.nats import NatsBroker
from faststream.security import BaseSecurity, SASLPlaintext
from nats.aio.client import Client
from nats.errors import SlowConsumerError

from eventlog.settings import NatsSettings
from eventlog.streams import WrongStream, restore_live

logger = logging.getLogger(__name__)

RECONNECT_WAIT_SECONDS = 1
CONNECT_TIMEOUT_SECONDS = 2


class Interruptions:
    """Tells followers that core NATS may have lost messages: after a reconnect, or by a slow reader."""

    def __init__(self) -> None:
        self._listeners: set[Callable[[], None]] = set()

    def listen(self, wake: Callable[[], None]) -> None:
        """Call `wake` at every interruption until `forget`."""
        self._listeners.add(wake)

    def forget(self, wake: Callable[[], None]) -> None:
        """Stop calling `wake`."""
        self._listeners.discard(wake)

    def announce(self) -> None:
        """Call every listener."""
        for wake in tuple(self._listeners):
            wake()


class Broker(NatsBroker):
    """A FastStream broker that reconnects for ever and announces interruptions."""

    def __init__(self, settings: NatsSettings, name: str) -> None:
        self.interruptions = Interruptions()
        super().__init__(
            servers=[url.strip() for url in settings.url.split(",")],
            name=name,
            security=_security(settings),
            inbox_prefix=inbox_prefix(settings.user),
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_WAIT_SECONDS,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            reconnected_cb=self._reconnected,
            error_cb=self._failed,
            logger=None,
            graceful_timeout=10.0,
        )

    @property
    def client(self) -> Client:
        """The connected NATS client.

        Raises:
            RuntimeError: before the broker was started.
        """
        return self.connection

    async def _reconnected(self) -> None:
        logger.warning("reconnected to NATS")
        try:
            await restore_live(self.client)
        except WrongStream as error:
            logger.warning("live deltas cannot be kept: %s", error)
        self.interruptions.announce()

    async def _failed(self, error: Exception) -> None:
        logger.warning("NATS: %s", error or type(error).__name__)
        if isinstance(error, SlowConsumerError):
            self.interruptions.announce()


def inbox_prefix(user: str | None) -> str:
    """Where answers to a user's requests come to."""
    return f"_INBOX.{user}" if user else "_INBOX"


def _security(settings: NatsSettings) -> BaseSecurity:
    context = ssl.create_default_context(cafile=settings.tls_ca) if settings.tls_ca else None
    if settings.user is None or settings.password is None:
        return BaseSecurity(ssl_context=context)
    return SASLPlaintext(settings.user, settings.password.get_secret_value(), ssl_context=context)
