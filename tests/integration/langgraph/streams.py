"""Streams of a scenario, as they were recorded and as they come."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx

BEHIND_SECONDS = 5.0
OWN_EVENT = "end"
"""What this server says at the end of a stream, and the recorded one did not."""


@dataclass
class Streamed:
    """A stream: what was recorded of it, and what has come so far, of the methods that were recorded."""

    exchange: dict[str, Any]
    stopped: bool = False
    events: list[dict[str, Any]] = field(default_factory=list)
    task: asyncio.Task[list[str]] | None = None

    def take(self, event: dict[str, Any]) -> None:
        """One more event is here."""
        of_a_thread = self.exchange["request"]["path"].endswith("/stream/events")
        foreign = (of_a_thread or self.exchange.get("joined")) and event["event"] not in {
            each["event"] for each in self.recorded
        }
        if event["event"] != OWN_EVENT and not foreign and not self._is_surplus(event["event"]):
            self.events.append(event)

    def _is_surplus(self, name: str) -> bool:
        had, recorded = (sum(each["event"] == name for each in many) for many in (self.events, self.recorded))
        return self.stopped and name == "messages" and had == recorded

    @property
    def recorded(self) -> list[dict[str, Any]]:
        return [each for each in self.exchange["response"]["sse"] if "event" in each and not of_tool(each)]

    def had(self, moment: float) -> int:
        """How many events the recorded client had got at a moment of the scenario, in milliseconds."""
        began = self.exchange["t_ms"]
        return sum(began + each["t_ms"] < moment for each in self.recorded)

    async def reaches(self, number: int) -> None:
        """Wait until so many events are here, or no more come."""
        try:
            async with asyncio.timeout(BEHIND_SECONDS):
                while len(self.events) < number and not (self.task and self.task.done()):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            return


def of_tool(event: dict[str, Any]) -> bool:
    """Whether it tells a tool's message piece by piece, as the recorded server does for some graphs."""
    data = event.get("data")
    namespace = data["params"]["namespace"] if isinstance(data, dict) and "params" in data else []
    return event.get("event") == "messages" and any(each.startswith("tools:call") for each in namespace)


async def events_of(response: httpx.Response) -> Any:
    """The events of a stream of Server-Sent Events."""
    event: dict[str, Any] = {}
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if name in ("event", "id"):
            event[name] = value
        elif name == "data":
            event[name] = json.loads(value)
        elif not line and event:
            yield event
            event = {}
