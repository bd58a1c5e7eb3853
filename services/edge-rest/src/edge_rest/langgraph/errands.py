"""What is due for runs: those that were to begin later are begun, and webhooks are told of their ends.

Any number of processes may look after it: whoever appends first that a run begins, or that a webhook is being
tried, does it. Who dies at that leaves it to be tried again. `alarm` says when they look.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from chassis.backoff import delays
from contracts import queries
from contracts.envelope import Recorded, format_time, parse_time
from contracts.events import RunRequested, RunStarted, WebhookAnswered, WebhookTried
from contracts.queries import Errand, Errands, ErrandsQuery
from edge_rest.langgraph.agents import Agents
from edge_rest.langgraph.alarm import BOUND_SECONDS, Alarm
from edge_rest.langgraph.webhooks import Outcome, Webhooks
from eventlog.broker import Broker
from eventlog.ports import LogError
from eventlog.query import Refused
from eventlog.turns.refusals import Missing
from protocols.langgraph import answers

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = (1.0, 30.0)
"""The first and the longest pause where it cannot be learnt what is due, or nothing has come of trying."""
AT_ONCE: Final = 8
CLAIM_SECONDS: Final = 60
"""How long whoever has announced an attempt has for it."""
PAUSES: Final = (5, 30, 120, 600, 3600)
"""Seconds behind the attempts that failed; after one more there is none."""


class _Taken(Exception):
    """Somebody else has announced the attempt."""


@dataclass(frozen=True, slots=True)
class Errandry:
    """Looks after what is due."""

    agents: Agents
    webhooks: Webhooks
    alarm: Alarm

    @asynccontextmanager
    async def working(self, broker: Broker) -> AsyncIterator[None]:
        """Does what is due as long as the context lasts."""
        await self.alarm.listen(broker)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.work(), name="errands")
            try:
                yield
            finally:
                task.cancel()

    async def work(self) -> None:
        """Does what is due, for ever."""
        pauses = delays(*RETRY_SECONDS)
        tried: tuple[Errand, ...] = ()
        while True:
            self.alarm.ask()
            try:
                due = await self._due()
            except (LogError, TimeoutError) as error:
                logger.debug("what is due cannot be learnt: %s", error)
                await self.alarm.wait(next(pauses))
                continue
            self.alarm.know(due)
            if due.errands != tried and due.errands:
                await self._do_all(due.errands)
                tried = due.errands
            elif due.errands:  # nothing has come of trying
                await self.alarm.wait(next(pauses))
                tried = ()
            else:
                pauses = delays(*RETRY_SECONDS)
                await self.alarm.wait(_seconds_until(due.next_at))

    async def _due(self) -> Errands:
        positions = await self.agents.log.positions()
        query = ErrandsQuery(due_by=format_time(_now()), at_least=positions)
        return await self.agents.questions.ask(queries.ERRANDS, query, Errands)

    async def _do_all(self, errands: Collection[Errand]) -> None:
        limit = asyncio.Semaphore(AT_ONCE)

        async def one(errand: Errand) -> None:
            async with limit:
                await self._do(errand)

        await asyncio.gather(*map(one, errands))

    async def _do(self, errand: Errand) -> None:
        try:
            if errand.kind == "begin":
                await self.agents.inbox.begin(errand.key, errand.run_id)
            else:
                await self._tell(errand)
        except (_Taken, Missing):
            pass
        except (LogError, Refused) as error:
            logger.warning("run %s: its %s has to wait: %s", errand.run_id, errand.kind, error)
        except Exception:
            logger.exception("run %s: its %s failed", errand.run_id, errand.kind)

    async def _tell(self, errand: Errand) -> None:
        attempt, run_id = errand.attempt + 1, errand.run_id
        asked, body = await self._told(errand)
        if asked is None or asked.webhook is None:
            return
        again_at = format_time(_now() + timedelta(seconds=CLAIM_SECONDS))
        inbox, log = self.agents.inbox, self.agents.log

        async def is_mine(_: Recorded) -> None:
            newest = await log.last(errand.key, f"{WebhookTried.type}.{run_id}")
            if newest and isinstance(newest.event, WebhookTried) and newest.event.attempt >= attempt:
                raise _Taken

        await inbox.note(
            errand.key, WebhookTried(run_id=run_id, attempt=attempt, again_at=again_at), guard=is_mine
        )
        outcome = await self.webhooks.post(asked.webhook, run_id, int(_now().timestamp()), body)
        await inbox.note(errand.key, _answered(run_id, attempt, outcome))
        if outcome.problem:
            logger.warning("run %s: its webhook, attempt %d: %s", run_id, attempt, outcome.problem)
        if asked.ephemeral and _is_last(attempt, outcome):
            await inbox.delete(errand.key)

    async def _told(self, errand: Errand) -> tuple[RunRequested | None, bytes]:
        """What was asked for, and what is posted of it."""
        agents = self.agents
        run = await agents.run(errand.key, errand.run_id)
        request = await agents.request(errand.key, run.sequence) if run else None
        if run is None or request is None or not isinstance(request.event, RunRequested):
            return None, b""
        started = await agents.log.next(errand.key, RunStarted.type, after=run.sequence)
        body: dict[str, Any] = answers.run(run, errand.key, request) | {
            "run_started_at": format_time(started.occurred_at) if started else run.created_at,
            "run_ended_at": run.updated_at,
            "webhook_sent_at": format_time(_now()),
            "values": json.loads(await agents.values_of(errand.key, errand.run_id)),
        }
        if run.error_kind:
            body["error"] = {"error": run.error_kind, "message": run.error}
        return request.event, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _answered(run_id: str, attempt: int, outcome: Outcome) -> WebhookAnswered:
    again_at = None
    if not _is_last(attempt, outcome):
        again_at = format_time(_now() + timedelta(seconds=PAUSES[attempt - 1]))
    return WebhookAnswered(
        run_id=run_id, attempt=attempt, status=outcome.status, problem=outcome.problem, again_at=again_at
    )


def _is_last(attempt: int, outcome: Outcome) -> bool:
    return not outcome.problem or outcome.final or attempt > len(PAUSES)


def _seconds_until(moment: str | None) -> float:
    return max((parse_time(moment) - _now()).total_seconds(), 0.0) if moment else BOUND_SECONDS


def _now() -> datetime:
    return datetime.now(UTC)
