"""Recorded scenarios said again to a server, and its answers compared with those that were recorded.

In a recording an id is a placeholder such as ``<run-1>``: it stands for any text, but always for the same one.
"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

PLACEHOLDER = re.compile(r"<[a-z-]+-\d+>|<time>|<\d+ definitions, trimmed>")
STREAM_SECONDS = 20.0


@dataclass
class Answer:
    """What came of a request."""

    status: int
    headers: httpx.Headers
    body: Any = None
    events: list[dict[str, Any]] | None = None
    text: str = ""


@dataclass
class Scenario:
    """One file, and what its placeholders have come to stand for."""

    path: Path
    bound: dict[str, str]
    exchanges: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, **bound: str) -> "Scenario":
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        return cls(path, dict(bound), lines[1:])

    def filled(self, text: str) -> str:
        """A text with what is known in place of the placeholders."""
        return PLACEHOLDER.sub(lambda found: self.bound.get(found[0], found[0]), text)

    def differences(self, expected: Any, found: Any, place: str = "") -> Iterator[str]:
        """Where an answer is not as it was recorded; more fields than that are no difference."""
        if isinstance(expected, dict) and isinstance(found, dict):
            for name, value in expected.items():
                filled = self.filled(name)
                if PLACEHOLDER.search(filled):  # an unknown key: any one that is not named otherwise
                    others = [key for key in found if key not in expected]
                    if len(others) == 1:
                        self.bound.setdefault(name, others[0])
                        filled = others[0]
                if filled not in found:
                    yield f"{place}.{name} is missing"
                else:
                    yield from self.differences(value, found[filled], f"{place}.{name}")
        elif isinstance(expected, list) and isinstance(found, list):
            if len(expected) != len(found):
                yield f"{place} has {len(found)} items, not {len(expected)}"
            for number, (one, other) in enumerate(zip(expected, found, strict=False)):
                yield from self.differences(one, other, f"{place}[{number}]")
        elif isinstance(expected, str) and isinstance(found, str) and PLACEHOLDER.search(expected):
            if not self._fits(expected, found):
                yield f"{place} is {found!r}, not {expected!r} ({self.filled(expected)!r})"
        elif expected != found or isinstance(expected, bool) != isinstance(found, bool):
            yield f"{place} is {str(found)[:150]!r}, not {str(expected)[:150]!r}"

    def _fits(self, expected: str, found: str) -> bool:
        """Whether a text is the recorded one; placeholders that are new are bound."""
        names: list[str] = []
        pattern = ""
        at = 0
        for mark in PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[at : mark.start()])
            name, at = mark[0], mark.end()
            known = self.bound.get(name)
            if name == "<time>":
                pattern += r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)"
            elif known is not None:
                pattern += re.escape(known)
            elif name in names:
                pattern += f"(?P=g{names.index(name)})"
            else:
                pattern += f"(?P<g{len(names)}>[0-9A-Za-z_.:-]+)"
                names.append(name)
        match = re.fullmatch(pattern + re.escape(expected[at:]), found)
        if match is None:
            return False
        self.bound |= {name: match[f"g{number}"] for number, name in enumerate(names)}
        return True


async def send(
    client: httpx.AsyncClient, scenario: Scenario, exchange: dict[str, Any], graphs: dict[str, str]
) -> Answer:
    """Make a recorded request."""
    request = exchange["request"]
    body = request["body"]
    if body is not None:
        body = json.loads(scenario.filled(json.dumps(body)))
        body = renamed(body, graphs)
    headers = {name: value for name, value in request["headers"].items() if name in WANTED}
    path = scenario.filled(request["path"])
    for name, other in graphs.items():
        path = path.replace(f"/assistants/{name}/", f"/assistants/{other}/")
    if "last-event-id" in headers:
        headers["last-event-id"] = scenario.filled(headers["last-event-id"])
    content = body.encode() if isinstance(body, str) else None
    if isinstance(body, str):
        headers.setdefault("content-type", "application/json")
    streamed = "sse" in exchange["response"]
    cut = exchange["response"].get("end") == "cut"
    wanted = sum("event" in each for each in exchange["response"].get("sse", ()))
    kwargs: dict[str, Any] = (
        {"content": content} if content is not None else ({"json": body} if body is not None else {})
    )
    if not streamed:
        response = await client.request(request["method"], path, headers=headers, **kwargs)
        try:
            found = response.json() if response.content else None
        except ValueError:
            found = response.text
        return Answer(response.status_code, response.headers, found, text=response.text)
    events: list[dict[str, Any]] = []
    async with client.stream(request["method"], path, headers=headers, **kwargs) as response:
        answer = Answer(response.status_code, response.headers, events=events)
        try:
            async with asyncio.timeout(STREAM_SECONDS):
                event: dict[str, Any] = {}
                async for line in response.aiter_lines():
                    name, _, value = line.partition(": ")
                    if name in ("event", "id"):
                        event[name] = value
                    elif name == "data":
                        event[name] = json.loads(value)
                    elif not line and event:
                        events.append(event)
                        event = {}
                    if cut and len(events) >= wanted:
                        break
        except TimeoutError:
            answer.text = "timed out"
        return answer


WANTED = ("content-type", "accept", "prefer", "last-event-id", "origin")


def renamed(body: Any, graphs: dict[str, str]) -> Any:
    """The body with the graphs' names on the server."""
    if isinstance(body, dict):
        return {
            key: graphs.get(value, value)
            if key in ("assistant_id", "graph_id") and isinstance(value, str)
            else renamed(value, graphs)
            for key, value in body.items()
        }
    if isinstance(body, list):
        return [renamed(item, graphs) for item in body]
    return body
