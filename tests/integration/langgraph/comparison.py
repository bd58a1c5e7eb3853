"""Answers beside those that were recorded."""

import json
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

from tests.integration.langgraph.scenario import Scenario
from tests.integration.langgraph.streams import of_tool

LATE = {("join-stream", 3), ("join-stream", 9), ("join-stream-resumable", 12)}
"""Joined while a run goes on, which the recorded server began a second later: the ends are compared."""
ON_THE_WAY = {("runs-background", 3): 5}
"""Threads looked at while a run goes on that the recorded server had not begun: each state that it comes by,
up to the last, which is in the other answer, is right, and that there is none yet."""
AMONG_OTHERS = {("assistants", 1), ("js-runs-stream", 4)}
"""Lists of all that there is, where this server has more."""


@dataclass
class Comparison:
    """Of one scenario.

    Attributes:
        graphs: the names that graphs have on the server, where they are not the recorded ones.
    """

    scenario: Scenario
    graphs: dict[str, str]

    def body(self, exchange: dict[str, Any], found: Any) -> list[str]:
        """The differences of an answer's body."""
        expected, found = exchange["response"]["body"], self.recorded_names(found)
        place = (self.scenario.path.stem, exchange["n"])
        if place in ON_THE_WAY and found.get("values") is not None:
            (last,) = [each for each in self.scenario.exchanges if each["n"] == ON_THE_WAY[place]]
            said = last["response"]["body"]["messages"][: max(1, len(found["values"]["messages"]))]
            expected = expected | {"values": {"messages": said}}
        if place not in AMONG_OTHERS:
            return list(self.scenario.differences(expected, found))
        missing: list[str] = []
        for each in expected:
            tried = [self._tried(each, other) for other in found]
            fewest = min(map(len, tried))
            missing += next(one for one in tried if len(one) == fewest)
        return missing

    def _tried(self, expected: Any, found: Any) -> list[str]:
        """The differences; nothing is learnt of what placeholders stand for."""
        known = copy(self.scenario.bound)
        differences = list(self.scenario.differences(expected, found))
        self.scenario.bound = known
        return differences

    def webhook(self, expected: Any, found: Any) -> list[str]:
        """The differences of what was posted to a webhook."""
        return list(self.scenario.differences(expected, self.recorded_names(found)))

    def frame(self, expected: Any, found: Any) -> Iterator[str]:
        """The differences of an event that came by WebSocket."""
        one, other = (_without_numbers({"event": "", "data": each})["data"] for each in (expected, found))
        return self.scenario.differences(one, other, f"event {one['method']}")

    def events(
        self, exchange: dict[str, Any], found: list[dict[str, Any]], *, whole: bool = True
    ) -> Iterator[str]:
        """The differences of a stream, or of its beginning."""
        expected = exchange["response"]["sse"]
        late = (self.scenario.path.stem, exchange["n"]) in LATE
        events = [_without_numbers(each) for each in expected if "event" in each and not of_tool(each)]
        if late and found:
            events = events[-len(found) :]
        if any(each["event"] == "input.requested" for each in events):
            # The recorded server tells the last values of an interrupted run behind the run's end.
            events, found = (sorted(many, key=lambda each: each["event"]) for many in (events, found))
        names, own = ([_plain(each["event"]) for each in many] for many in (events, found))
        if whole and names != own:
            yield f"events are {own}, not {names}"
        for one, other in zip(events, found, strict=False):
            if one["event"] == other["event"] or whole:
                kept = {name: one[name] for name in ("data", "id") if name in one}
                yield from self.scenario.differences(kept, self.recorded_names(other), one["event"])

    def own_names(self, body: Any) -> Any:
        """A body with the names that graphs have here."""
        if isinstance(body, dict):
            return {
                key: self.graphs.get(value, value)
                if key in ("assistant_id", "graph_id") and isinstance(value, str)
                else self.own_names(value)
                for key, value in body.items()
            }
        return [self.own_names(item) for item in body] if isinstance(body, list) else body

    def recorded_names(self, body: Any) -> Any:
        """A body with the names that graphs had there."""
        text = json.dumps(body)
        for recorded, own in self.graphs.items():
            text = text.replace(own, recorded)
        return json.loads(text)


def _without_numbers(event: dict[str, Any]) -> dict[str, Any]:
    """An event of a thread's stream without its place and time, which are this server's own."""
    data = event.get("data")
    if not isinstance(data, dict) or data.get("type") != "event":
        return event
    params = {name: value for name, value in data["params"].items() if name != "timestamp"}
    kept = {name: value for name, value in data.items() if name not in ("event_id", "seq")}
    return {"event": event["event"], "data": kept | {"params": params}}


def _plain(event: str) -> str:
    """An event's name without the ids of tasks in it."""
    return re.sub(r":[^|]+", "", event)
