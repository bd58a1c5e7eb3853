"""One NATS connection a process, made the same way everywhere, as a FastStream broker."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from types import TracebackType

from faststream.nats import NatsBroker
from faststream.nats.security import NatsToken
from faststream.security import BaseSecurity, SASLPlaintext
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import NoServersError, SlowConsumerError

from chassis.metrics import Metrics
from chassis.telemetry import TRACING
from contracts import subjects
from eventlog.outage import OUTAGE, tell_outages
from eventlog.ports import Unavailable
from eventlog.replies import Answering, InParts, failing
from eventlog.settings import NatsSettings

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
    """A FastStream broker that reconnects for ever and announces interruptions.

    Args:
        retries: how often each server is tried again before there is none; below zero for ever.

    Attributes:
        metrics: what this process counts.
        streams: how many streams the log has, as `streams.check` finds it before the broker is started.
        last_error: what NATS said last that was wrong.
        unconfirmed: the event loop's time when an append last went without an answer; None once another
            is stored, or NATS is reached anew.
    """

    def __init__(self, settings: NatsSettings, name: str, *, retries: int = -1) -> None:
        self.interruptions = Interruptions()
        self.metrics = Metrics()
        self.streams = 1
        self.last_error = ""
        self.unconfirmed: float | None = None
        self._settings = settings
        super().__init__(
            servers=settings.servers,
            name=name,
            security=_security(settings),
            inbox_prefix=subjects.inbox_prefix(settings.user),
            max_reconnect_attempts=retries,
            reconnect_time_wait=RECONNECT_WAIT_SECONDS,
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            reconnected_cb=self._reconnected,
            error_cb=self._failed,
            logger=None,
            graceful_timeout=10.0,
            middlewares=[failing(), InParts, *([Answering] if TRACING.on else ())],
        )

    @property
    def client(self) -> Client:
        """The connected NATS client.

        Raises:
            RuntimeError: before the broker was started.
        """
        return self.connection

    async def connect(self) -> Client:
        """See FastStream."""
        known = self._connection
        client = await super().connect()
        if client is not known:
            tell_outages(client)
        return client

    async def reach(self) -> None:
        """Connect, before the broker is started.

        Raises:
            Unavailable: if NATS does not answer within `connect_deadline`, or refuses.
        """
        try:
            async with asyncio.timeout(self._settings.connect_deadline):
                await self.connect()
        except (TimeoutError, NoServersError):
            why = f" ({self.last_error})" if self.last_error else ""
            raise Unavailable(
                f"NATS does not answer at {self._settings.url}{why}; start it, or set PARLEY_NATS_URL"
            ) from None
        except NatsError as error:  # one that no later try can mend
            raise Unavailable(
                f"NATS refuses {self._settings.user or 'a client without a name'} at {self._settings.url} "
                f"({error}); set PARLEY_NATS_USER and PARLEY_NATS_PASSWORD"
            ) from None

    async def stop(
        self,
        exc_type: type[BaseException] | None = None,
        exc_val: BaseException | None = None,
        exc_tb: TracebackType | None = None,
    ) -> None:
        """See FastStream; while NATS is away there is nothing to wait for, and nothing is left behind."""
        connection = self._connection
        try:
            await super().stop(exc_type, exc_val, exc_tb)
        except* OUTAGE as errors:
            logger.warning("NATS is left while it is away: %s", errors.exceptions[0])
            await _close(connection)

    async def _reconnected(self) -> None:
        logger.warning("reconnected to NATS")
        self.unconfirmed = None
        self.interruptions.announce()

    async def _failed(self, error: Exception) -> None:
        self.last_error = f"{error}" or type(error).__name__
        logger.log(
            logging.WARNING if self._connection else logging.DEBUG, "NATS: %s", self.last_error
        )  # until it is connected, whoever connects tells
        if isinstance(error, SlowConsumerError):
            self.interruptions.announce()


async def _close(connection: Client | None) -> None:
    """Give up reaching NATS again."""
    try:
        if connection:
            await connection.close()
    except OUTAGE as error:  # what was still to be sent cannot be
        logger.warning("NATS: %s", error or type(error).__name__)


def _security(settings: NatsSettings) -> BaseSecurity:
    context = ssl.create_default_context(cafile=settings.tls_ca) if settings.tls_ca else None
    if settings.token is not None:
        return NatsToken(settings.token.get_secret_value(), ssl_context=context)
    if settings.user is None or settings.password is None:
        return BaseSecurity(ssl_context=context)
    return SASLPlaintext(settings.user, settings.password.get_secret_value(), ssl_context=context)
