"""Agent: sends one message and shows the steps of its answer."""

import json
import sys
from uuid import uuid4

from websockets.sync.client import connect


def main(base: str = "http://127.0.0.1:8000", message: str = "get all contacts", graph: str = "") -> None:
    """Talk to the server at `base`, such as ``http://127.0.0.1:8000``; `graph` answers if it is given."""
    chosen = f"?graph={graph}" if graph else ""
    with connect(f"{base.replace('http', 'ws', 1)}/chat/{uuid4()}{chosen}") as socket:
        socket.send(json.dumps({"type": "client", "message": message, "message_id": "m1"}))
        for text in socket:
            frame = json.loads(text)
            if frame["type"] == "agent_step":
                print(f"{frame['step_type']}: {frame['message']}")
            elif frame["type"] == "message_end":
                return
            elif frame["type"] == "agent_error":
                sys.exit(frame["error"])


if __name__ == "__main__":
    main(*sys.argv[1:])
