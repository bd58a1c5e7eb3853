"""Scenarios said again to a server, as far apart in time as it matters."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import httpx
from tests.integration.langgraph.comparison import Comparison
from tests.integration.langgraph.scenario import PLACEHOLDER, Scenario
from tests.integration.langgraph.streams import Streamed, events_of
from websockets.asyncio.client import connect

STREAM_SECONDS = 20.0
POLL_SECONDS = 10.0
SENT = ("content-type", "accept", "prefer", "last-event-id", "origin")
PREFLIGHT = "access-control-request-"
COMPARED = ("location", "content-location", "x-pagination-total", "x-pagination-next", "cache-control")
LEAD_SECONDS = 0.6
"""How long a thread's stream is open before the next call."""

STOPPED = {("js-usestream-v2-stop", 3)}
"""Of runs that are stopped sooner or later: of what was said no more is compared than was recorded."""


@dataclass
class Answer:
    """What came of a request."""

    status: int
    headers: httpx.Headers
    body: Any = None
    events: list[dict[str, Any]] | None = None
    trouble: str = ""


class Replay:
    """A scenario against one server."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        scenario: Scenario,
        graphs: dict[str, str],
        excused: Callable[[str], bool],
    ) -> None:
        """
        Args:
            graphs: the names that graphs have on the server, where they are not the recorded ones.
            excused: whether there is a reason for a difference.
        """
        self._client = client
        self._scenario = scenario
        self._comparison = Comparison(scenario, graphs)
        self._excused = excused
        self._streams: list[Streamed] = []
        self._over = asyncio.Event()

    def posted(self, expected: Any, found: Any) -> list[str]:
        """The differences of what was posted to a webhook that have no reason."""
        about = f"{self._scenario.path.stem} webhook"
        differences = [f"{about}: {each}" for each in self._comparison.webhook(expected, found)]
        return [each for each in differences if not self._excused(each)]

    async def run(self) -> list[str]:
        """All differences, each with the number and the path of its request."""
        running: list[asyncio.Task[list[str]]] = []
        exchanges = self._scenario.exchanges
        for number, exchange in enumerate(exchanges):
            if number:
                await self._wait(exchanges[number - 1], exchange, running)
            task = asyncio.create_task(self._one(exchange))
            running.append(task)
            if "sse" in exchange["response"]:
                stopped = (self._scenario.path.stem, exchange["n"]) in STOPPED
                self._streams.append(Streamed(exchange, stopped, task=task))
            else:
                await task
        silent = [each.task for each in self._streams if each.task and not each.recorded]
        await asyncio.gather(*(task for task in running if task not in silent))
        self._over.set()
        return [difference for task in running for difference in await task]

    async def _wait(
        self, last: dict[str, Any], following: dict[str, Any], running: list[asyncio.Task[list[str]]]
    ) -> None:
        """As long as the recorded client did for what matters: what it was told, or a run that goes on."""
        gap = (following["t_ms"] - last["t_ms"]) / 1000
        streamed = last["response"].get("sse")
        if '"multitaskStrategy": "reject"' in json.dumps(following["request"]["body"]):
            await self._until_idle(following)
        told = [(each, had) for each in self._streams if (had := each.had(following["t_ms"]))]
        for each, had in told:
            await each.reaches(had)
            self._learn(each)
        path = last["request"]["path"]
        joined = streamed is not None and "/runs" not in path and last["request"]["method"] == "GET"
        if joined:
            await asyncio.sleep(LEAD_SECONDS)
        elif path.endswith("/runs") and gap > 1:
            await self._until_begun(last)
        elif streamed and gap >= streamed[-1]["t_ms"] / 1000:
            await asyncio.gather(*running[-1:])
        elif streamed and not told:
            await asyncio.sleep(min(gap, 1.0))

    def _learn(self, streamed: Streamed) -> None:
        """What the events so far say that placeholders stand for."""
        for _ in self._comparison.events(streamed.exchange, streamed.events, whole=False):
            pass

    async def _until_idle(self, following: dict[str, Any]) -> None:
        """The recorded server kept such a command waiting for that; here it is refused before."""
        thread = self._scenario.filled(following["request"]["path"].rpartition("/")[0])
        async with asyncio.timeout(STREAM_SECONDS):
            while (await self._client.get(thread)).json()["status"] == "busy":
                await asyncio.sleep(0.05)

    async def _until_begun(self, asked: dict[str, Any]) -> None:
        """Until a run in the background is in its first node, where the recorded client waited for that."""
        thread = self._scenario.filled(asked["request"]["path"].rpartition("/")[0])
        run_id = self._scenario.filled(asked["response"]["body"]["run_id"])
        async with asyncio.timeout(STREAM_SECONDS):
            while True:
                metadata = (await self._client.get(f"{thread}/state")).json()["metadata"] or {}
                if (metadata.get("run_id"), metadata.get("source")) == (run_id, "loop"):
                    return
                await asyncio.sleep(0.05)

    async def _one(self, exchange: dict[str, Any]) -> list[str]:
        request, expected = exchange["request"], exchange["response"]
        if expected["status"] < 400:
            await self._prepare(request)
        self._scenario.bind(request)
        beside = any(each.exchange["response"]["end"] == "cut" for each in self._streams)
        reads = request["method"] == "GET" or request["path"].endswith("/history")
        changes = exchange.get("polled") or (beside and reads and "body" in expected)
        clock = asyncio.get_running_loop().time
        until = clock() + (POLL_SECONDS if changes else 0)
        while True:
            known = copy(self._scenario.bound)
            about = f"{self._scenario.path.stem} {exchange['n']} {request['method']} {request['path']}"
            found = [f"{about}: {each}" for each in await self._said(exchange)]
            polled = exchange.get("polled")
            left = [each for each in found if not self._excused(each) or (polled and ".status is" in each)]
            if not left or clock() >= until:
                return left
            self._scenario.bound = known
            await asyncio.sleep(0.05)

    async def _said(self, exchange: dict[str, Any]) -> list[str]:
        """Say it once; the differences of the answer."""
        expected = exchange["response"]
        if "ws" in expected:
            return await self._talk(exchange)
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
            found += self._comparison.events(exchange, answer.events)
        elif "body" in expected:
            found += self._comparison.body(exchange, answer.body)
        return found

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
            name: self._scenario.filled(value)
            for name, value in request["headers"].items()
            if name in SENT or name.startswith(PREFLIGHT)
        }
        path = self._scenario.filled(request["path"])
        arguments: dict[str, Any] = {"headers": headers}
        if isinstance(request["body"], str):
            arguments["content"] = request["body"]
        elif request["body"] is not None:
            arguments["json"] = self._filled(request["body"])
        if "sse" in exchange["response"]:
            return await self._stream(exchange, path, arguments)
        response = await self._client.request(request["method"], path, **arguments)
        try:
            body = response.json() if response.content else None
        except ValueError:
            body = response.text
        return Answer(response.status_code, response.headers, body)

    def _filled(self, body: Any) -> Any:
        """A body as it is sent here."""
        filled = self._comparison.own_names(json.loads(self._scenario.filled(json.dumps(body))))
        if isinstance(filled, dict) and filled.get("since"):
            filled["since"] = self._own_number(filled["since"])
        return filled

    def _own_number(self, recorded: int) -> int:
        """The number that an event has here."""
        for each in self._streams:
            for event, own in zip(each.recorded, each.events, strict=False):
                if event["data"].get("seq") == recorded:
                    return int(own["id"])
        raise AssertionError(f"no event had the number {recorded}")

    async def _stream(self, exchange: dict[str, Any], path: str, arguments: dict[str, Any]) -> Answer:
        async with self._client.stream(exchange["request"]["method"], path, **arguments) as response:

            async def read(streamed: Streamed, enough: int | None) -> None:
                async for event in events_of(response):
                    streamed.take(event)
                    if len(streamed.events) == enough:
                        return

            events, trouble = await self._read(exchange, read)
        return Answer(response.status_code, response.headers, events=events, trouble=trouble)

    async def _read(
        self, exchange: dict[str, Any], read: Callable[[Streamed, int | None], Awaitable[None]]
    ) -> tuple[list[dict[str, Any]], str]:
        """The events of a stream that `read` reads, up to as many as were recorded where that was cut."""
        (streamed,) = [each for each in self._streams if each.exchange is exchange]
        enough = len(streamed.recorded) if exchange["response"]["end"] == "cut" else None
        reading = asyncio.create_task(_awaited(read(streamed, enough)))
        try:
            if enough == 0:
                await self._over.wait()
            else:
                await asyncio.wait_for(reading, STREAM_SECONDS)
        except TimeoutError:
            return streamed.events, "the stream does not end"
        finally:
            reading.cancel()
        return streamed.events, ""

    async def _talk(self, exchange: dict[str, Any]) -> list[str]:
        """Say the client's frames as soon as what they name is known; each event is compared once."""
        frames = exchange["response"]["ws"]
        to_say = [_frame(each) for each in frames if each["from"] == "client" and "text" in each]
        told = [_frame(each) for each in frames if each["from"] == "server" and "text" in each]
        answers = {each["id"]: each for each in told if each["type"] != "event"}
        events = list({each["event_id"]: each for each in told if each["type"] == "event"}.values())
        seen: set[str] = set()
        found: list[str] = []
        url = f"ws{str(self._client.base_url).removeprefix('http').rstrip('/')}"
        path = self._scenario.filled(exchange["request"]["path"])
        async with connect(url + path) as socket, asyncio.timeout(STREAM_SECONDS):
            while answers or events:
                if to_say and not PLACEHOLDER.search(self._scenario.filled(json.dumps(to_say[0]))):
                    await socket.send(json.dumps(self._filled(to_say.pop(0))))
                frame = self._comparison.recorded_names(json.loads(await socket.recv()))
                if frame["type"] != "event":
                    place = f"answer {frame['id']}"
                    found += self._scenario.differences(answers.pop(frame["id"]), frame, place)
                elif frame["event_id"] not in seen:
                    seen.add(frame["event_id"])
                    alike = [each for each in events if each["method"] == frame["method"]]
                    if not alike:
                        found.append(f"one {frame['method']} more")
                        continue
                    events.remove(alike[0])
                    found += self._comparison.frame(alike[0], frame)
        return found


async def _awaited(reading: Awaitable[None]) -> None:
    await reading


def _frame(each: dict[str, Any]) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(each["text"]) if isinstance(each["text"], str) else each["text"]
    return frame
