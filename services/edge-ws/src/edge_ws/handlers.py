"""The whole of edge-ws in one table: which endpoint serves which address."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from edge_ws.agent import AgentEndpoint
from edge_ws.langgraph import LangGraphEndpoint
from edge_ws.octo import OctoEndpoint
from edge_ws.room import RoomEndpoint
from edge_ws.voice import VoiceEndpoint
from protocols.voice.wire import GUEST_PATH, MEMBER_PATH


def routes(
    agent: AgentEndpoint,
    octo: OctoEndpoint,
    room: RoomEndpoint,
    voice: VoiceEndpoint,
    langgraph: LangGraphEndpoint,
) -> list[WebSocketRoute]:
    """The routes, in the order in which they are tried."""
    return [
        WebSocketRoute("/chat/{key:path}", _keyed(agent.serve)),
        WebSocketRoute("/ws/chat/{key:path}", _keyed(octo.serve)),
        WebSocketRoute("/ws/{key:path}", _keyed(octo.serve)),
        WebSocketRoute("/threads/{key}/stream/events", _keyed(langgraph.serve)),
        WebSocketRoute("/v3", room.serve),
        WebSocketRoute("/v3/", room.serve),
        WebSocketRoute(
            MEMBER_PATH.replace("session_id}", "key:path}"), _keyed(partial(voice.serve, is_member=True))
        ),
        WebSocketRoute(
            GUEST_PATH.replace("session_id}", "key:path}"), _keyed(partial(voice.serve, is_member=False))
        ),
    ]


def _keyed(serve: Callable[[WebSocket, str], Awaitable[None]]) -> Callable[[WebSocket], Awaitable[None]]:
    """An endpoint that is told the conversation key of the address."""

    async def endpoint(socket: WebSocket) -> None:
        await serve(socket, socket.path_params["key"])

    return endpoint
