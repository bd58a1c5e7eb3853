"""One client's socket: frames in within bounds, frames out to whoever reads them in time."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from starlette.websockets import WebSocket, WebSocketDisconnect

logger = logging.getLogger(__name__)

POLICY_VIOLATION = 1008
TRY_AGAIN_LATER = 1013


class TooSlow(Exception):
    """The client does not read what it is sent."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A frame that no dialect of text frames can read."""

    reason: str


class Connection:
    """A WebSocket with bounded sends; sends of several tasks do not mix."""

    def __init__(self, socket: WebSocket, send_timeout: float) -> None:
        self._socket = socket
        self._send_timeout = send_timeout
        self._sending = asyncio.Lock()

    async def frames(self) -> AsyncIterator[str | bytes]:
        """Text and binary frames until the client leaves."""
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            yield text if text is not None else message["bytes"]

    async def texts(self, max_bytes: int) -> AsyncIterator[str | Unreadable]:
        """Text frames of at most `max_bytes` until the client leaves, and what is wrong with any other."""
        async for frame in self.frames():
            if isinstance(frame, bytes):
                yield Unreadable("the frame must be text")
            elif (size := len(frame.encode())) > max_bytes:
                yield Unreadable(f"the frame has {size} bytes, more than {max_bytes}")
            else:
                yield frame

    async def send(self, text: str) -> None:
        """Send one text frame.

        Raises:
            TooSlow: if the client does not take it in time.
            WebSocketDisconnect: if the client has left.
        """
        try:
            async with self._sending, asyncio.timeout(self._send_timeout):
                await self._socket.send_text(text)
        except TimeoutError:
            raise TooSlow from None
        except RuntimeError as error:  # Starlette's answer to a send after the close
            raise WebSocketDisconnect from error

    async def close(self, code: int, reason: str) -> None:
        """Close from our side; a client that has left already is no error."""
        try:
            async with asyncio.timeout(self._send_timeout):
                await self._socket.close(code, reason)
        except (TimeoutError, RuntimeError, WebSocketDisconnect) as error:
            logger.debug("close: %s", error)
