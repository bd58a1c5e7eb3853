"""The scenarios said by ``RemoteGraph``: what it has methods for; the rest by the client that it holds."""

from collections.abc import Awaitable, Callable
from dataclasses import fields, is_dataclass
from typing import Any

import httpx
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph.types import Command
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import APIStatusError
from tests.integration.langgraph.clients import ByPython
from tests.integration.langgraph.replay import Answer
from tests.integration.langgraph.streams import Streamed

UNSAID: dict[str, tuple[tuple[int, ...], str]] = {
    "errors": ((1, 2), "it begins a thread that is not there"),
    "heartbeat": ((), "of heart-beats it tells nothing"),
    "interrupt-two": ((2, 5), "of several questions at a run's end it gives the last"),
    "join-stream": ((), "it joins no runs"),
    "join-stream-resumable": ((), "it joins no runs"),
    "meta": ((), "it asks for no signs of life"),
    "store": ((), "it has no store"),
    "stream-default": ((1,), "it always names its modes"),
    "stream-events": ((1,), "it asks for no events of LangChain"),
    "stream-messages": ((1,), "it asks for messages piece by piece alone"),
    "threads-search": ((), "it searches for no threads"),
    "threads-state": ((5, 8, 10, 11), "its checkpoints are objects, and it cuts no state"),
    "v2-double": ((6,), "its event streams begin at the newest checkpoint"),
    "v2-errors": ((9, 10, 16), "it sends no broken commands"),
    "wait-slow": ((), "of heart-beats it tells nothing"),
}
"""What it has no method for, or one that asks otherwise: some requests of a scenario, or, with none, all."""
STARTS = {"assistant_id", "input", "config", "metadata"}
"""What it gives to a run whose events it streams."""

Call = Callable[[RemoteGraph, dict[str, Any]], Awaitable[Any]]


class ByRemoteGraph(ByPython):
    """By ``RemoteGraph``.

    Attributes:
        said: how many requests it made.
    """

    said = 0

    async def run(self) -> list[str]:
        """All differences between what it makes of the recorded answers and of the server's."""
        for exchange in self._scenario.exchanges:
            name, arguments = self._remote(exchange)
            response = exchange["response"]
            if name == "runs.stream":
                response["sse"] = [_as_given(each, arguments) for each in response["sse"] if _is_given(each)]
            elif name == "runs.wait":
                for header in ("location", "content-location"):
                    response["headers"].pop(header, None)
            elif "sse" in response:
                exchange["joined"] = True
            elif name and response["status"] < 400:
                response["body"] = await self._outcome(_recorded(response), name, arguments)
        return await super().run()

    def _remote(self, exchange: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
        """The method of the client that is called through it, and with what."""
        name, arguments = self._call(exchange["request"])
        if name in (*READS, "runs.stream", "runs.wait") and not self._is_unsaid(exchange):
            return name, arguments
        return None, {}

    def _is_unsaid(self, exchange: dict[str, Any]) -> bool:
        numbers, _ = UNSAID.get(self._scenario.path.stem, ((), ""))
        return exchange["n"] in numbers

    async def _send(self, exchange: dict[str, Any]) -> Answer:
        heard: list[httpx.Response] = []
        self._heard.set(heard)
        name, arguments = self._remote(exchange)
        if name is None and not self._starts(exchange):
            return await super()._send(exchange)
        self.said += 1
        try:
            if name is None:
                body = await self._started(exchange, heard)
            elif name == "runs.stream":
                return await self._streamed(exchange, arguments, heard)
            elif name == "runs.wait":
                body = await self._invoked(arguments)
            else:
                body = await self._outcome(self._sdk, name, arguments)
        except APIStatusError as error:
            answer = error.response
            return Answer(answer.status_code, answer.headers, answer.json())
        return Answer(heard[-1].status_code, heard[-1].headers, body)

    async def _outcome(self, sdk: LangGraphClient, name: str, arguments: dict[str, Any]) -> Any:
        """What it gives, or the error by which it fails, as JSON."""
        try:
            return _plain(await READS[name](RemoteGraph("graph", client=sdk), dict(arguments)))
        except (TypeError, KeyError) as error:
            return {"failed": repr(error)}

    async def _streamed(
        self, exchange: dict[str, Any], arguments: dict[str, Any], heard: list[httpx.Response]
    ) -> Answer:
        graph, given = self._asked(arguments)

        async def read(streamed: Streamed, enough: int | None) -> None:
            try:
                async for chunk in graph.astream(**given):
                    streamed.take(_event(chunk, arguments))
                    if len(streamed.events) == enough:
                        return
            except RemoteException as error:
                streamed.take({"event": "error", "data": error.args[0]})

        events, trouble = await self._read(exchange, read)
        return Answer(heard[0].status_code, heard[0].headers, events=events, trouble=trouble)

    async def _invoked(self, arguments: dict[str, Any]) -> Any:
        graph, given = self._asked(arguments)
        try:
            return await graph.ainvoke(**given)
        except RemoteException as error:
            return {"__error__": error.args[0]}

    def _asked(self, arguments: dict[str, Any]) -> tuple[RemoteGraph, dict[str, Any]]:
        """The graph, and what a run of it is given."""
        given = dict(arguments)
        graph = RemoteGraph(given.pop("assistant_id"), client=self._sdk)
        for own in ("raise_error", "if_not_exists"):
            given.pop(own, None)
        command, thread_id = given.pop("command", None), given.pop("thread_id", None)
        given["input"] = Command(**command) if command else given.get("input")
        given["subgraphs"] = given.pop("stream_subgraphs", False)
        if thread_id:
            config = given.get("config", {})
            configurable = config.get("configurable", {}) | {"thread_id": thread_id}
            given["config"] = config | {"configurable": configurable}
        return graph, given

    def _starts(self, exchange: dict[str, Any]) -> bool:
        spoken = self._spoken(exchange)
        if not spoken or spoken[1] != "commands" or spoken[2]["method"] != "run.start":
            return False
        return spoken[2]["params"].keys() <= STARTS and not self._is_unsaid(exchange)

    async def _started(self, exchange: dict[str, Any], heard: list[httpx.Response]) -> Any:
        """The answer to the command by which it starts a run."""
        spoken = self._spoken(exchange)
        assert spoken
        thread_id, _, command = spoken
        asked = command["params"]
        graph = RemoteGraph(asked["assistant_id"], client=self._sdk)
        config: Any = {"configurable": {"thread_id": thread_id}}
        named = {"metadata": asked["metadata"]} if "metadata" in asked else {}
        async with await graph.astream_events(asked["input"], config, version="v3", **named):
            pass
        (answer,) = [each for each in heard if each.url.path.endswith("/commands")]
        heard[:] = [answer]
        return answer.json() | {"id": command["id"]}


async def _get_state(graph: RemoteGraph, asked: dict[str, Any]) -> Any:
    return await graph.aget_state(_config(asked), subgraphs=asked.get("subgraphs", False))


async def _get_history(graph: RemoteGraph, asked: dict[str, Any]) -> Any:
    before: Any = asked.get("before")
    if before and "configurable" not in before:
        before = {"configurable": before}
    states = graph.aget_state_history(
        _config(asked), filter=asked.get("metadata"), before=before, limit=asked.get("limit")
    )
    return [state async for state in states]


async def _update_state(graph: RemoteGraph, asked: dict[str, Any]) -> Any:
    return await graph.aupdate_state(_config(asked), asked["values"], asked.get("as_node"))


async def _get_graph(graph: RemoteGraph, asked: dict[str, Any]) -> Any:
    return await graph.copy({"assistant_id": asked["assistant_id"]}).aget_graph(xray=asked.get("xray", False))


READS: dict[str, Call] = {
    "threads.get_state": _get_state,
    "threads.get_history": _get_history,
    "threads.update_state": _update_state,
    "assistants.get_graph": _get_graph,
}


def _config(asked: dict[str, Any]) -> Any:
    named = {"checkpoint_id": asked["checkpoint_id"]} if "checkpoint_id" in asked else {}
    checkpoint = asked.get("checkpoint") or {}
    return {"configurable": {**checkpoint, **named, "thread_id": asked["thread_id"]}}


def _recorded(response: dict[str, Any]) -> LangGraphClient:
    """A client to which every answer is the recorded one."""
    answer = httpx.MockTransport(lambda _: httpx.Response(response["status"], json=response["body"]))
    return LangGraphClient(httpx.AsyncClient(base_url="http://recorded", transport=answer))


def _is_given(event: dict[str, Any]) -> bool:
    """Whether it tells of an event at all."""
    return event.get("event") != "metadata"


def _with_ids(arguments: dict[str, Any]) -> bool:
    return isinstance(arguments["stream_mode"], list) and not arguments.get("stream_subgraphs")


def _as_given(event: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """A recorded event with what it tells of it."""
    kept = _with_ids(arguments) and event.get("event") != "error"
    return event if kept else {name: value for name, value in event.items() if name != "id"}


def _event(chunk: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    """A chunk as the event that it was."""
    modes = arguments["stream_mode"]
    if _with_ids(arguments):
        return {"event": chunk.event, "data": _plain(chunk.data), "id": chunk.id}
    namespace: tuple[str, ...] = ()
    if arguments.get("stream_subgraphs"):
        namespace, *rest = chunk
        chunk = rest if isinstance(modes, list) else rest[0]
    mode, data = chunk if isinstance(modes, list) else (modes.removesuffix("-tuple"), chunk)
    return {"event": "|".join((mode, *namespace)), "data": _plain(data)}


def _plain(given: Any) -> Any:
    """What it gives, as JSON."""
    if isinstance(given, Exception):
        return repr(given)
    if is_dataclass(given):
        return {each.name: _plain(getattr(given, each.name)) for each in fields(given)}
    if hasattr(given, "_asdict"):
        return _plain(given._asdict())
    if isinstance(given, dict):
        return {name: _plain(value) for name, value in given.items()}
    return [_plain(each) for each in given] if isinstance(given, list | tuple) else given
