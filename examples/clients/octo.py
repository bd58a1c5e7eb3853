"""Octo: asks for a contract, changes the amount when it is asked to agree, and shows the answer."""

import json
import sys
from uuid import uuid4

from websockets.sync.client import connect


def main(base: str = "http://127.0.0.1:8000") -> None:
    """Talk to the server at `base`, such as ``http://127.0.0.1:8000``."""
    with connect(f"{base.replace('http', 'ws', 1)}/ws/{uuid4()}") as socket:
        socket.send(json.dumps({"message": "계약서를 작성해주세요"}))
        for text in socket:
            frame = json.loads(text)
            if frame.get("event") == "on_chain_start":
                print("…", frame["node"])
            elif frame.get("type") == "hitl_request":
                print("?", frame["message"])
                answer = {"type": "human_response", "response": "계약 금액을 1000만원으로 수정해주세요"}
                socket.send(json.dumps(answer))
            elif frame.get("type") == "final":
                print(frame["content"])
                return
            elif frame.get("type") == "error":
                sys.exit(frame["error"])


if __name__ == "__main__":
    main(*sys.argv[1:])
