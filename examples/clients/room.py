"""Room: takes a new room, says something in it and prints the answer token by token."""

import json
import sys

import httpx
from websockets.sync.client import connect


def main(base: str = "http://127.0.0.1:8000") -> None:
    """Talk to the server at `base`, such as ``http://127.0.0.1:8000``."""
    room = httpx.get(f"{base}/v3/room/uid/").raise_for_status().json()["room_uid"]
    address = f"{base.replace('http', 'ws', 1)}/v3/?room_uid={room}&user_uid=kim"
    with connect(address) as socket:
        command = {"action": "sendmsg", "room_uid": room, "user_id": "kim", "msg": "안녕 반가워요"}
        socket.send(json.dumps(command))
        for text in socket:
            frame = json.loads(text)
            is_root = frame.get("parent_ids") == []
            if frame.get("event") == "on_chat_model_stream":
                print(frame["data"]["chunk"]["content"], end="", flush=True)
            elif frame.get("event") == "on_chain_end" and is_root:
                print()
                return
            elif frame.get("event") == "on_chain_error" and is_root:
                sys.exit(frame["data"]["error"])
            elif frame.get("status") == "error":
                sys.exit(frame["message"])


if __name__ == "__main__":
    main(*sys.argv[1:])
