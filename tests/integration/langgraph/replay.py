"""Recorded scenarios said again to a server, and its answers compared with those that were recorded.

In a recording an id is a placeholder such as ``<run-1>``: it stands for any text, always for the same one.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

PLACEHOLDER = re.compile(r"<[a-z-]+-\d+>|<time>|<\d+ definitions, trimmed>")
STREAM_SECONDS = 20.0
SENT = ("content-type", "accept", "prefer", "last-event-id", "origin")
COMPARED = ("location", "content-location", "x-pagination-total", "x-pagination-next", "cache-control")
OWN_EVENT = "end"
"""What this server says at the end of a stream, and the recorded one did not."""
LEAD_SECONDS = 0.6
"""How long a run that was asked for in the background goes on before the next call, where one waited."""


@dataclass
class Answer:
    """What came of a request."""

    status: int
    headers: httpx.Headers
    body: Any = None
    events: list[dict[str, Any]] | None = None
    trouble: str = ""


@dataclass
class Scenario:
    """One recording, and what its placeholders have come to stand for."""

    path: Path
    exchanges: list[dict[str, Any]]
    bound: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Scenario":
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        return cls(path, [line for line in lines[1:] if "webhook" not in line["request"]["path"]])

    def filled(self, text: str) -> str:
        """A text with what is known in place of the placeholders."""
        return PLACEHOLDER.sub(lambda found: self.bound.get(found[0], found[0]), text)

    def bind(self, request: dict[str, Any]) -> list[str]:
        """Choose what is sent before any answer has named it."""
        text = request["path"] + json.dumps(request["body"])
        unknown = [name for name in PLACEHOLDER.findall(text) if name not in self.bound]
        self.bound |= {
            name: uuid4().hex if name.startswith("<hex") else str(uuid4())
            for name in unknown
            if not name.startswith("<checkpoint")
        }
        return unknown

    def differences(self, expected: Any, found: Any, place: str = "") -> Iterator[str]:
        """Where an answer is not as it was recorded; more fields than that are no difference."""
        if isinstance(expected, dict) and isinstance(found, dict):
            yield from self._in_fields(expected, found, place)
        elif isinstance(expected, list) and isinstance(found, list):
            if len(expected) != len(found):
                yield f"{place} has {len(found)} items, not {len(expected)}"
            for number, (one, other) in enumerate(zip(expected, found, strict=False)):
                yield from self.differences(one, other, f"{place}[{number}]")
        elif isinstance(expected, str) and isinstance(found, str) and PLACEHOLDER.search(expected):
            if not self._fits(expected, found):
                yield f"{place} is {found!r}, not {self.filled(expected)!r}"
        elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
            yield f"{place} is {str(found)[:150]!r}, not {str(expected)[:150]!r}"

    def _in_fields(self, expected: dict[str, Any], found: dict[str, Any], place: str) -> Iterator[str]:
        for name, value in expected.items():
            filled = self.filled(name)
            if PLACEHOLDER.search(filled):  # an unknown key: the one that is not named otherwise
                others = [key for key in found if key not in expected]
                if len(others) == 1:
                    self.bound[name] = filled = others[0]
            if filled in found:
                yield from self.differences(value, found[filled], f"{place}.{name}")
            else:
                yield f"{place}.{name} is missing"

    def _fits(self, expected: str, found: str) -> bool:
        """Whether a text is the recorded one; placeholders that are new are bound."""
        names: list[str] = []
        pattern = ""
        at = 0
        for mark in PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[at : mark.start()])
            name, at = mark[0], mark.end()
            if name == "<time>":
                pattern += r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)"
            elif name in self.bound:
                pattern += re.escape(self.bound[name])
            else:
                pattern += f"(?P<g{len(names)}>[0-9A-Za-z_.:-]+)"
                names.append(name)
        match = re.fullmatch(pattern + re.escape(expected[at:]), found)
        if match is None:
            return False
        self.bound |= {name: match[f"g{number}"] for number, name in enumerate(names)}
        return True


class Replay:
    """A scenario against one server."""

    def __init__(self, client: httpx.AsyncClient, scenario: Scenario, graphs: dict[str, str]) -> None:
        """`graphs` are the names that graphs have on the server, where they are not the recorded ones."""
        self._client = client
        self._scenario = scenario
        self._graphs = graphs

    async def run(self) -> list[str]:
        """All differences, each with the number and the path of its request."""
        running: list[asyncio.Task[list[str]]] = []
        exchanges = self._scenario.exchanges
        for number, exchange in enumerate(exchanges):
            if number:
                await self._wait(exchanges[number - 1], exchange, running)
            task = asyncio.create_task(self._one(exchange))
            running.append(task)
            if "sse" not in exchange["response"]:
                await task
        return [difference for task in running for difference in await task]

    async def _wait(
        self, last: dict[str, Any], following: dict[str, Any], running: list[asyncio.Task[list[str]]]
    ) -> None:
        """As long as the recorded client did for what matters: a run that goes on, a stream to its end."""
        gap = (following["t_ms"] - last["t_ms"]) / 1000
        streamed = last["response"].get("sse")
        if last["request"]["path"].endswith("/runs") and gap > 1:
            await asyncio.sleep(LEAD_SECONDS)
        elif streamed and gap < streamed[-1]["t_ms"] / 1000:
            await asyncio.sleep(min(gap, 1.0))
        elif streamed:
            await asyncio.gather(*running[-1:])

    async def _one(self, exchange: dict[str, Any]) -> list[str]:
        request, expected = exchange["request"], exchange["response"]
        if expected["status"] < 400:
            await self._prepare(request)
        self._scenario.bind(request)
        answer = await self._send(exchange)
        found: list[str] = []
        if answer.trouble:
            found.append(answer.trouble)
        if answer.status != expected["status"]:
            found.append(f"status is {answer.status}, not {expected['status']}: {str(answer.body)[:200]}")
        for name in COMPARED:
            if name in expected["headers"]:
                place = f"header {name}"
                found += self._scenario.differences(
                    expected["headers"][name], answer.headers.get(name), place
                )
        if answer.events is not None:
            found += self._compare_events(expected["sse"], answer.events)
        elif "body" in expected:
            found += self._scenario.differences(expected["body"], self._recorded_names(answer.body))
        return [f"{exchange['n']} {request['method']} {request['path']}: {each}" for each in found]

    async def _prepare(self, request: dict[str, Any]) -> None:
        """Begin a thread that was there before the recording began."""
        for name in self._scenario.bind(request):
            path = request["path"]
            begins = name.startswith("<thread") and f"/threads/{name}/runs" in path
            if begins and "if_not_exists" not in (request["body"] or {}) and request["method"] == "POST":
                await self._client.post("/threads", json={"thread_id": self._scenario.bound[name]})

    async def _send(self, exchange: dict[str, Any]) -> Answer:
        request = exchange["request"]
        headers = {
            name: self._scenario.filled(value) for name, value in request["headers"].items() if name in SENT
        }
        path = self._scenario.filled(request["path"])
        arguments: dict[str, Any] = {"headers": headers}
        if isinstance(request["body"], str):
            arguments["content"] = request["body"]
        elif request["body"] is not None:
            filled = json.loads(self._scenario.filled(json.dumps(request["body"])))
            arguments["json"] = self._own_names(filled)
        if "sse" in exchange["response"]:
            return await self._stream(exchange, path, arguments)
        response = await self._client.request(request["method"], path, **arguments)
        try:
            body = response.json() if response.content else None
        except ValueError:
            body = response.text
        return Answer(response.status_code, response.headers, body)

    async def _stream(self, exchange: dict[str, Any], path: str, arguments: dict[str, Any]) -> Answer:
        expected = exchange["response"]
        recorded = [each for each in expected["sse"] if "event" in each]
        enough = len(recorded) if expected["end"] == "cut" else None
        of_a_thread = path.endswith("/stream/events")
        methods = {each["event"] for each in recorded} if of_a_thread else None
        events: list[dict[str, Any]] = []
        async with self._client.stream(exchange["request"]["method"], path, **arguments) as response:
            answer = Answer(response.status_code, response.headers, events=events)
            try:
                async with asyncio.timeout(STREAM_SECONDS):
                    async for event in events_of(response):
                        if event["event"] != OWN_EVENT and (methods is None or event["event"] in methods):
                            events.append(event)
                        if len(events) == enough:
                            break
            except TimeoutError:
                answer.trouble = "the stream does not end"
        return answer

    def _compare_events(self, expected: list[dict[str, Any]], found: list[dict[str, Any]]) -> Iterator[str]:
        events = [_without_numbers(each) for each in expected if "event" in each]
        names, own = ([_plain(each["event"]) for each in many] for many in (events, found))
        if names != own:
            yield f"events are {own}, not {names}"
        for one, other in zip(events, found, strict=False):
            kept = {name: one[name] for name in ("data", "id") if name in one}
            yield from self._scenario.differences(kept, self._recorded_names(other), one["event"])

    def _own_names(self, body: Any) -> Any:
        if isinstance(body, dict):
            return {
                key: self._graphs.get(value, value)
                if key in ("assistant_id", "graph_id") and isinstance(value, str)
                else self._own_names(value)
                for key, value in body.items()
            }
        return [self._own_names(item) for item in body] if isinstance(body, list) else body

    def _recorded_names(self, body: Any) -> Any:
        text = json.dumps(body)
        for recorded, own in self._graphs.items():
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
