"""Counts what a process sends to NATS, reads from the log, writes as JSON and allocates."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import Any

import pytest
from memray import FileReader, Tracker
from nats.aio.client import Client

from contracts.envelope import Recorded
from eventlog.jetstream import JetStreamLog
from eventlog.stored import Stored
from eventlog.turns.work import WorkQueue

ENCODERS = frozenset(("to_json", "dumps"))
"""The built-in functions of pydantic and orjson that write JSON."""
ASKED = ("$JS.API.CONSUMER.MSG.NEXT.",)
"""Requests for work are kept open beside the turns."""


def _asks(encode: FrameType) -> bool:
    """Whether this is a request for work, which is made anew when time has passed."""
    caller = encode.f_back and encode.f_back.f_back
    return caller is not None and caller.f_code is WorkQueue._request.__code__


class Counts:
    """What has happened so far.

    Attributes:
        totals: by what is counted.
    """

    def __init__(self) -> None:
        self.totals: Counter[str] = Counter()
        self._acknowledged = self._expected = 0
        self._changed = asyncio.Condition()

    @contextmanager
    def encodings(self) -> Iterator[None]:
        """Count what is written as JSON within; every call of any function is seen, so this takes time."""

        def called(frame: FrameType, event: str, what: Any) -> None:
            if (event == "c_call" and getattr(what, "__name__", "") in ENCODERS) or (
                event == "call" and frame.f_code is json.JSONEncoder.encode.__code__ and not _asks(frame)
            ):
                self.totals["JSON encodings"] += 1

        sys.setprofile(called)
        try:
            yield
        finally:
            sys.setprofile(None)

    @contextmanager
    def allocations(self) -> Iterator[dict[str, int]]:
        """Count the blocks of memory that are asked for within, also those that are given back at once."""
        found: dict[str, int] = {}
        with TemporaryDirectory() as folder:
            record = Path(folder) / "record"
            with Tracker(record, trace_python_allocators=True):
                yield found
            found["allocations"] = FileReader(record).metadata.total_allocations

    async def acknowledged(self, more: int) -> None:
        """Wait until so many deliveries more have been done with: nothing of their turns is to come."""
        self._expected += more
        async with self._changed:
            await self._changed.wait_for(lambda: self._acknowledged >= self._expected)

    async def sent(self, subject: str, payload: bytes) -> None:
        """One message goes to NATS."""
        if subject.startswith(ASKED):
            return
        self.totals["messages published"] += 1
        if subject.startswith("conv."):
            self.totals["events appended"] += 1
            self.totals["bytes appended"] += len(payload)
        if subject.startswith("$JS.ACK."):
            async with self._changed:
                self._acknowledged += payload in (b"", b"+ACK")
                self._changed.notify_all()


def counting(patch: pytest.MonkeyPatch) -> Counts:
    """Count in this process from now on; before any broker is made, since it wraps its client's calls."""
    counts = Counts()
    publish, request, decode = Client.publish, Client.request, JetStreamLog.decode

    async def counted_publish(client: Client, subject: str, payload: bytes = b"", **more: Any) -> None:
        await counts.sent(subject, payload)
        await publish(client, subject, payload, **more)

    async def counted_request(client: Client, subject: str, payload: bytes = b"", **more: Any) -> Any:
        counts.totals["round trips"] += 1
        return await request(client, subject, payload, **more)

    async def counted_decode(log: JetStreamLog, stored: Stored) -> Recorded:
        counts.totals["events read"] += 1
        counts.totals["bytes read"] += len(stored.payload)
        return await decode(log, stored)

    patch.setattr(Client, "publish", counted_publish)
    patch.setattr(Client, "request", counted_request)
    patch.setattr(JetStreamLog, "decode", counted_decode)
    return counts
