"""OpenAPI of the HTTP calls, and AsyncAPI 3 of the WebSockets and of what the services ask each other.

``python docs/generate/api.py`` writes them; a test fails when they are not what this would write.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from faststream.nats import NatsBroker, NatsRouter
from faststream.specification import AsyncAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import agent_runner.handlers
import edge_rest.app
import edge_rest.handlers
import history_store.handlers
import voice_bridge.handlers
from agent_runner.agents import offering
from agent_runner.engine import graph_views, state_queries, thread_states
from agent_runner.engine.memory import answering
from agent_runner.settings import RunnerSettings
from edge_rest.hour import Hour
from edge_rest.langgraph import Runner
from edge_rest.settings import EdgeSettings
from protocols.agent import wire as agent
from protocols.octo import wire as octo
from protocols.room import wire as room
from protocols.voice import wire as voice

FOLDER: Final = Path(__file__).parents[1] / "api"
VERSION: Final = "0.4.0"
_ABSENT: Final = cast("Any", None)
"""In place of what routes need at work only."""
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Channel:
    """A WebSocket.

    Attributes:
        query: its parameters behind the question mark, by name.
        received: what the server takes; `sent` is what it sends.
    """

    address: str
    about: str
    query: Mapping[str, str]
    received: tuple[type[BaseModel], ...]
    sent: tuple[type[BaseModel], ...]


_GRAPH: Final = {"graph": "The graph that answers a new conversation"}
_VOICE: Final = {
    "voice": f"One of {', '.join(voice.VOICES)}",
    "show_text": "Whether captions are sent",
    "lang": "ko or en",
}


def _classes(union: Any) -> tuple[type[BaseModel], ...]:
    return tuple(union.__args__)


def channels() -> dict[str, Channel]:
    """Every WebSocket by its protocol, but LangGraph's, which LangGraph describes."""
    spoken = (_classes(voice.ClientFrame), _classes(voice.ServerFrame))
    commands = (room.StatusCommand, room.SendCommand)
    events = tuple(frame for frame in room.FRAMES if frame not in commands)
    token = {"token": "A user's token"}
    return {
        "octo": Channel(
            "/ws/{id}",
            "A chat that shows each node and asks people",
            {**_GRAPH, "user_id": "Under whom a new session is listed", "on_busy": "enqueue, reject, …"},
            _classes(octo.ClientFrame),
            _classes(octo.Frame),
        ),
        "agent": Channel(
            "/chat/{chat_id}",
            "A message in, its steps out",
            _GRAPH,
            (agent.ClientMessage,),
            _classes(agent.Frame),
        ),
        "room": Channel(
            "/v3/",
            "A room that several people share",
            {**_GRAPH, "room_uid": "The room; needed", "user_uid": "Who comes", "after": "Last frame seen"},
            commands,
            events,
        ),
        "voice": Channel(voice.MEMBER_PATH, "A talk of a member", token | _VOICE, *spoken),
        "voice-guest": Channel(voice.GUEST_PATH, "A talk of a guest", _VOICE, *spoken),
    }


def openapi() -> dict[str, Any]:
    """Every HTTP call."""
    app, _ = edge_rest.app.build()
    settings = EdgeSettings.model_construct()
    runner = Runner.of(_ABSENT, _ABSENT, _ABSENT, _ABSENT, settings)
    made = edge_rest.handlers.routers(
        _ABSENT, "", _ABSENT, _ABSENT, runner, _ABSENT, settings, Hour(), _ABSENT
    )
    for router in made:
        app.include_router(router)
    return app.openapi()


def websockets() -> dict[str, Any]:
    """The WebSockets, from the models of their frames."""
    told = channels()
    schemas: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for name, channel in told.items():
        protocol = name.partition("-")[0]
        for mode, frames in (("validation", channel.received), ("serialization", channel.sent)):
            pairs = [(frame, mode) for frame in frames]
            template = f"#/components/schemas/{protocol}.{{model}}"
            _, made = models_json_schema(cast("Any", pairs), ref_template=template)
            schemas |= {f"{protocol}.{each}": schema for each, schema in made["$defs"].items()}
            messages |= {f"{protocol}.{frame.__name__}": _message(protocol, frame) for frame in frames}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Parley's WebSockets",
            "version": VERSION,
            "description": "Each frame is one JSON text. docs/protocols tells of closing codes and limits.",
        },
        "defaultContentType": "application/json",
        "servers": {"local": {"host": "localhost:8000", "protocol": "ws"}},
        "channels": {name: _channel(name, channel) for name, channel in told.items()},
        "operations": dict(_operations(told)),
        "components": {"messages": messages, "schemas": schemas},
    }


def _message(protocol: str, frame: type[BaseModel]) -> dict[str, Any]:
    summary = (frame.__doc__ or "").strip().partition("\n")[0].replace("``", "")
    reference = {"$ref": f"#/components/schemas/{protocol}.{frame.__name__}"}
    return {"name": frame.__name__, "summary": summary, "payload": reference}


def _channel(name: str, channel: Channel) -> dict[str, Any]:
    protocol = name.partition("-")[0]
    query = {key: {"type": "string", "description": meaning} for key, meaning in channel.query.items()}
    return {
        "address": channel.address,
        "description": channel.about,
        "parameters": {key: {} for key in _PARAMETER.findall(channel.address)},
        "messages": {
            frame.__name__: {"$ref": f"#/components/messages/{protocol}.{frame.__name__}"}
            for frame in (*channel.received, *channel.sent)
        },
        "bindings": {"ws": {"query": {"type": "object", "properties": query}}},
    }


def _operations(told: Mapping[str, Channel]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, channel in told.items():
        for action, frames in (("receive", channel.received), ("send", channel.sent)):
            yield (
                f"{name}.{action}",
                {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{name}"},
                    "messages": [
                        {"$ref": f"#/channels/{name}/messages/{frame.__name__}"} for frame in frames
                    ],
                },
            )


def services() -> dict[str, Any]:
    """What the services answer each other over NATS."""
    settings = RunnerSettings.model_construct()
    routers: tuple[NatsRouter, ...] = (
        history_store.handlers.router(_ABSENT, _ABSENT, query_wait=0),
        agent_runner.handlers.router(_ABSENT, {}, settings, _ABSENT),
        offering.router(_ABSENT, 1),
        state_queries.router(_ABSENT),
        thread_states.router(_ABSENT),
        graph_views.router({}, ""),
        answering.router(_ABSENT),
        voice_bridge.handlers.router(_ABSENT, ""),
    )
    broker = NatsBroker("nats://nats:4222")
    for router in routers:
        broker.include_router(router)
    api = AsyncAPI(title="Parley's services", version=VERSION)
    api.add_broker(broker)
    described: dict[str, Any] = json.loads(api.to_specification().to_json())
    return described


def written() -> dict[Path, str]:
    """Every file that is made here, with its text."""
    made = {
        "openapi.json": openapi(),
        "asyncapi.json": websockets(),
        "asyncapi-services.json": services(),
    }
    return {
        FOLDER / name: json.dumps(each, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
        for name, each in made.items()
    }


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text)
