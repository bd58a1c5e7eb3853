"""``parley chat``: a talk in the terminal over the octo protocol, with its steps and approvals."""

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import typer

from parley.commands.output import end, printable
from parley.commands.settings import settings

if TYPE_CHECKING:
    from websockets.asyncio.client import ClientConnection

YES = ("y", "yes", "네", "예")
NO = ("n", "no", "아니요", "아니오")


def chat(
    key: Annotated[
        str | None, typer.Argument(help="The conversation to go on with; a new one if left out.")
    ] = None,
    graph: Annotated[str | None, typer.Option(help="The graph of a new conversation.")] = None,
    url: Annotated[
        str | None, typer.Option(envvar="PARLEY_URL", help="The server; the stack here if left out.")
    ] = None,
    api_key: Annotated[str | None, typer.Option(help="The API key, where one is needed.")] = None,
) -> None:
    """Talk to an agent. An empty line or Ctrl-D ends; a question is answered y, n, or in words."""
    from websockets.exceptions import WebSocketException

    here = url or f"http://127.0.0.1:{settings().ports['PARLEY_PORT']}"
    name = key or f"chat-{uuid4().hex[:12]}"
    query = {name: value for name, value in (("graph", graph), ("api_key", api_key)) if value}
    address = here.replace("http", "ws", 1).rstrip("/") + f"/ws/{quote(name, safe='')}"
    typer.echo(f"conversation {name}", err=True)
    try:
        asyncio.run(_talk(f"{address}?{urlencode(query)}" if query else address))
    except ConnectionRefusedError:
        raise end(f"nothing answers at {here}: start Parley with `parley up`, or give --url") from None
    except (OSError, WebSocketException) as error:
        raise end(f"{here}: {error or type(error).__name__}") from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


async def _talk(address: str) -> None:
    from websockets.asyncio.client import connect

    async with connect(address, max_size=None) as socket:
        asked = False
        while line := await asyncio.to_thread(_read, "? " if asked else "> "):
            await socket.send(json.dumps(_answer(line) if asked else {"message": line}))
            asked = await _listen(socket)


def _read(prompt: str) -> str:
    sys.stderr.write(prompt)
    sys.stderr.flush()
    return sys.stdin.readline().strip()


def _answer(line: str) -> dict[str, Any]:
    word = line.lower()
    if word in YES or word in NO:
        return {"type": "human_response", "approve": word in YES}
    return {"type": "human_response", "response": line}


async def _listen(socket: "ClientConnection") -> bool:
    """Show frames until a reply is whole; whether it is a question."""
    async for text in socket:
        frame = json.loads(text)
        match frame:
            case {"event": "on_chain_start", "node": node}:
                typer.echo(f"  … {printable(node)}", err=True)
            case {"type": "hitl_request", "message": question}:
                _show(question)
                return True
            case {"type": "final", "content": content}:
                _show(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
                return False
            case {"type": "error", "error": error}:
                typer.echo(printable(error), err=True)
                return False
    return False


def _show(text: str) -> None:
    sys.stdout.write("\n".join(map(printable, text.splitlines())) + "\n")
    sys.stdout.flush()
