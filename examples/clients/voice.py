"""Voice: says what is in a WAV file (PCM16, mono, 24 kHz) and writes the spoken reply to another."""

import json
import sys
import wave
from base64 import b64decode, b64encode

import httpx
from websockets.sync.client import connect
from websockets.sync.connection import Connection

RATE = 24_000
FRAME_BYTES = RATE * 2 // 25


def main(question: str, reply: str, base: str = "http://127.0.0.1:8000") -> None:
    """Talk to the server at `base`, such as ``http://127.0.0.1:8000``."""
    with wave.open(question) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            sys.exit(f"{question} must be PCM16, mono, 24 kHz")
        audio = file.readframes(file.getnframes())
    session = httpx.post(f"{base}/api/v1/chat/guest-sessions", json={"voice": "coral"}).raise_for_status()
    path = f"/api/v1/chat/ws/guest-chat/{session.json()['session_id']}"
    with connect(base.replace("http", "ws", 1) + path) as socket:
        for start in range(0, len(audio), FRAME_BYTES):
            piece = b64encode(audio[start : start + FRAME_BYTES]).decode()
            socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": piece}))
        socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
        heard = listen(socket)
    with wave.open(reply, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(heard)


def listen(socket: Connection) -> bytes:
    """The audio of one reply; prints the captions and the report."""
    heard = b""
    missing = {"audio.done", "transcript.done"}
    for text in socket:
        frame = json.loads(text)
        match frame["type"]:
            case "audio.delta":
                heard += b64decode(frame["delta"])
            case "user.transcript":
                print("you:", frame["transcript"])
            case "transcript.done":
                print("it: ", frame["transcript"])
            case "error":
                sys.exit(frame["message"])
            case "disconnected":
                print("report:", frame["report"])
        missing.discard(frame["type"])
        if not missing:
            missing.add("disconnected")
            socket.send(json.dumps({"type": "disconnect"}))
    return heard


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("voice.py QUESTION.wav REPLY.wav [http://SERVER:PORT]")
    main(*sys.argv[1:])
