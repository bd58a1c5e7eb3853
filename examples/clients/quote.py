"""Quote: a talk of four messages, each reply streamed; the fourth brings the quotation."""

import json
import sys
from datetime import UTC, datetime
from uuid import uuid4

import httpx

MESSAGES = ("요즘 일이 너무 힘들어요", "쉬어도 피곤해요", "그냥 지쳤어요", "응원이 필요해요")


def main(base: str = "http://127.0.0.1:8000") -> None:
    """Talk to the server at `base`, such as ``http://127.0.0.1:8000``."""
    name = {"userId": str(uuid4()), "threadNum": "1"}
    with httpx.Client(base_url=f"{base}/api/chat", timeout=30) as client:
        for content in MESSAGES:
            now = datetime.now(UTC).isoformat()
            client.post("/send", json=name | {"content": content, "timestamp": now}).raise_for_status()
            with client.stream("GET", "/stream", params=name) as answer:
                for line in answer.iter_lines():
                    if line.startswith("data:"):
                        show(json.loads(line.removeprefix("data:")))


def show(event: dict[str, object]) -> None:
    """Print one event of the stream."""
    match event:
        case {"type": "content", "data": str(token)}:
            print(token, end="", flush=True)
        case {"type": "quote", "data": {"text": text, "author": author}}:
            print(f"\n“{text}” — {author}", end="")
        case {"type": "complete"}:
            print()


if __name__ == "__main__":
    main(*sys.argv[1:])
