"""``python -m edge_ws``"""

from collections.abc import Mapping

from chassis.settings import load
from edge_ws.app import SERVICE, build
from edge_ws.protocol import bounded
from edge_ws.settings import EdgeSettings
from eventlog.service import run


def server_options() -> Mapping[str, object]:
    """What uvicorn is told about WebSockets."""
    limits = load(EdgeSettings)
    return {
        "ws": bounded(limits),
        "ws_max_size": limits.max_websocket_message,
        "ws_ping_interval": limits.ping_interval,
        "ws_per_message_deflate": False,  # compression costs two thirds of the memory of an idle connection
    }


if __name__ == "__main__":
    run(SERVICE, build, server_options)
