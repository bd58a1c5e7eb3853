"""What one writes by hand: FastAPI, a WebSocket and a graph with a PostgreSQL checkpointer, in one process.

Run as ``python -m peers.hand PORT DATABASE DURABILITY`` with the durability of LangGraph.
"""

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from langchain_core.messages import AIMessageChunk, HumanMessage
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from peers.graph import builder


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the database while the application runs."""
    options = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    async with AsyncConnectionPool(sys.argv[2], min_size=2, max_size=20, kwargs=options, open=False) as pool:
        saver = AsyncPostgresSaver(pool)
        await saver.setup()
        app.state.graph = builder.compile(checkpointer=saver)
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/ok")
async def ok() -> dict[str, bool]:
    """Whether it is up."""
    return {"ok": True}


@app.get("/state/{thread}")
async def state(thread: str) -> dict[str, Any]:
    """The types of the messages of a thread."""
    kept = await app.state.graph.aget_state({"configurable": {"thread_id": thread}})
    return {"types": [message.type for message in kept.values.get("messages", [])]}


@app.websocket("/ws/{thread}")
async def talk(socket: WebSocket, thread: str) -> None:
    """A text starts a turn, ``resume`` goes on with one that was broken off."""
    await socket.accept()
    config = {"configurable": {"thread_id": thread}}
    try:
        while True:
            text = await socket.receive_text()
            given = None if text == "resume" else {"messages": [HumanMessage(text)]}
            async for message, _ in app.state.graph.astream(
                given, config, stream_mode="messages", durability=sys.argv[3]
            ):
                if isinstance(message, AIMessageChunk) and message.content:
                    await socket.send_text(json.dumps({"t": message.content}))
            await socket.send_text('{"end": true}')
    except WebSocketDisconnect:
        pass


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", log_level="warning")
