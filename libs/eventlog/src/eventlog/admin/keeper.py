"""The operator's own service: ``python -m eventlog.admin.keeper`` keeps the streams as they are declared.

LIVE lies in memory, so a single nats-server forgets it when it restarts, and only the operator may make it
again. What was deleted long enough ago is removed for good, what has been quiet for long is archived and
brought back when somebody returns to it, and metrics tell how full the streams are.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

from faststream.asgi import AsgiFastStream
from faststream.nats import NatsRouter
from faststream.specification import AsyncAPI

from chassis import server
from chassis.backoff import delays
from chassis.metrics import StreamMetrics
from chassis.settings import load
from contracts import subjects
from contracts.envelope import TIME, parse_time
from contracts.queries import RETURN, Return, Returned
from eventlog import service
from eventlog.admin.archive import AT_ONCE, Archive
from eventlog.admin.declare import StreamSettings, declare_as, keep_live
from eventlog.admin.erasing import Deletion, purge
from eventlog.admin.permissions import OPERATOR
from eventlog.admin.storage import Storage
from eventlog.broker import Broker
from eventlog.ports import LogError, Unavailable
from eventlog.settings import ArchiveSettings, NatsSettings, PurgeSettings
from eventlog.stored import LogReader, StreamReader
from eventlog.streams import names, streams_of

logger = logging.getLogger(__name__)

SWEEP_SECONDS: Final = 3600.0


class Keeper:
    """Sees to it that the streams are there.

    Attributes:
        trouble: why they are not declared yet, or None.
    """

    def __init__(
        self,
        broker: Broker,
        nats: NatsSettings,
        wanted: StreamSettings,
        grace: timedelta,
        archiving: ArchiveSettings | None = None,
    ) -> None:
        """What was deleted longer than `grace` ago is removed for good; nothing is without a grace."""
        self._broker = broker
        self._nats = nats
        self._wanted = wanted
        self._grace = grace
        self._archiving = archiving or ArchiveSettings(archive_after_days=0)
        self._opened: Archive | None = None
        self._declared = asyncio.Event()
        self.trouble: str | None = "has not begun"

    async def keep(self) -> None:
        """Declare the streams, then keep LIVE."""
        backoff = delays()
        while self.trouble:
            try:
                await declare_as(self._broker, self._wanted)
                self._broker.streams = await streams_of(self._broker.client)
                self.trouble = None
            except LogError as error:
                self.trouble = f"{error}"
                logger.warning("the streams cannot be declared: %s", error)
                await asyncio.sleep(next(backoff))
        self._declared.set()
        await keep_live(self._broker, self._wanted)

    async def sweep(self) -> None:
        """Purge what was deleted long enough ago and archive what is quiet, now and every hour."""
        await self._declared.wait()
        while True:
            try:
                if self._grace:
                    await self.purge_deleted(datetime.now(UTC) - self._grace)
            except LogError as error:
                logger.warning("what was deleted is purged later: %s", error)
            try:
                await self.archive_quiet()
            except LogError as error:
                logger.warning("what is quiet is archived later: %s", error)
            await asyncio.sleep(SWEEP_SECONDS)

    async def archive_quiet(self) -> None:
        """End what was begun of archiving and bringing back, and archive what has been quiet for long.

        Raises:
            LogError: if the log, the projections or the archive do not answer.
        """
        await self.archive.resume()
        quiet_for = timedelta(days=self._archiving.archive_after_days)
        if quiet_for and (count := await self.archive.sweep(quiet_for)):
            logger.info("archived %d quiet conversations", count)

    @property
    def archive(self) -> Archive:
        """The archive, once the streams are declared."""
        if self._opened is None:
            self._opened = Archive(self._broker, self._nats, Storage(self._archiving.place))
        return self._opened

    async def purge_deleted(self, before: datetime) -> None:
        """Remove for good whatever belongs to conversations that were deleted before a time.

        Raises:
            LogError: if the log or the projections do not answer.
        """
        log = LogReader(self._broker.client, self._broker.streams, self._nats.request_timeout)
        deletions = [
            Deletion(subjects.key_of(stored.subject), stored.sequence)
            for reader in log.streams
            async for stored in reader.range(subjects.facts("conversation.deleted"), after=0)
            if parse_time(stored.headers[TIME]) < before
        ]
        if deletions:
            purged = await purge(self._broker, self._nats, deletions)
            for each in deletions:
                await self.archive.forget(each.conversation)
            logger.info("purged %d events of %d deleted conversations", purged.events, len(deletions))

    async def measure(self, metrics: StreamMetrics) -> None:
        """Ask how full the streams are.

        Raises:
            LogError: if NATS does not answer.
        """
        for name in names(self._broker.streams):
            reader = StreamReader(self._broker.client, name, self._nats.request_timeout)
            reply = await reader.request(f"$JS.API.STREAM.INFO.{name}", {})
            answer = json.loads(reply.data)
            if error := answer.get("error"):
                raise LogError(f"stream {name}: {error.get('description')}")
            metrics.bytes.labels(name).set(answer["state"]["bytes"])
            metrics.limit.labels(name).set(max(answer["config"]["max_bytes"], 0))
            metrics.messages.labels(name).set(answer["state"]["messages"])


def build() -> tuple[AsgiFastStream, AbstractAsyncContextManager[None]]:
    """The application and the context in which it is started, from the environment.

    Raises:
        WrongSetting: if a setting does not fit.
    """
    nats, wanted = load(NatsSettings), load(StreamSettings)
    broker = Broker(nats, OPERATOR)
    keeper = Keeper(
        broker,
        nats,
        wanted,
        timedelta(days=load(PurgeSettings).purge_after_days),
        load(ArchiveSettings),
    )
    metrics = StreamMetrics(broker.metrics.registry)

    routes = NatsRouter()

    @routes.subscriber(subjects.query(RETURN), queue=OPERATOR, max_workers=AT_ONCE)
    async def bring_back(question: Return) -> Returned:
        """Brings a conversation back from the archive."""
        if keeper.trouble:  # nobody knows which stream it is in
            raise Unavailable(f"the streams are not declared: {keeper.trouble}")
        return Returned(events=await keeper.archive.bring_back(question.conversation))

    broker.include_router(routes)

    async def not_declared() -> str | None:
        return keeper.trouble and f"the streams are not declared: {keeper.trouble}"

    async def measure() -> None:
        await keeper.measure(metrics)

    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        await broker.reach()
        broker.metrics.before_reading(measure)
        async with asyncio.TaskGroup() as tasks:
            working = [tasks.create_task(keeper.keep()), tasks.create_task(keeper.sweep())]
            yield
            for task in working:
                task.cancel()

    app = AsgiFastStream(
        broker,
        lifespan=lifespan,
        logger=None,
        asgi_routes=service.health_routes(broker, OPERATOR, [not_declared]),
        specification=AsyncAPI(title="Parley operator", version="0.1.0"),
    )
    return app, server.started(app)


def run() -> None:
    """Serve until told to end."""
    service.run(OPERATOR, build)


if __name__ == "__main__":
    run()
