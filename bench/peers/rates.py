"""How fast the log of a stopped stack is read and projected: ``python -m peers.rates``, with its settings.

Prints JSON: the events, how many a second are read and decoded, and how many ``parley rebuild --verify``
projects, its start included.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from contracts.events import REGISTERED, UPCASTERS
from contracts.registry import Registry
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.settings import NatsSettings
from parley.commands.log import with_log


async def replay(broker: Broker, settings: NatsSettings) -> dict[str, float]:
    """Read all there is."""
    log = JetStreamLog(broker, Registry(REGISTERED, UPCASTERS), settings)
    last, read, began = await log.position(), 0, time.perf_counter()
    async with log.follow_all(after=0) as batches:
        async for batch in batches:
            read += len(batch)
            if batch[-1].sequence >= last:
                break
    return {"events": read, "read_events_s": read / (time.perf_counter() - began)}


if __name__ == "__main__":
    row = with_log(replay)
    began = time.perf_counter()
    command = [str(Path(sys.executable).with_name("parley")), "rebuild", "--verify"]
    subprocess.run(command, check=True, stdout=sys.stderr)
    print(json.dumps({**row, "rebuild_events_s": row["events"] / (time.perf_counter() - began)}))
