"""A session of the realtime engine, by the official SDK, at the server of `realtime`."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import openai
from prometheus_client import Counter
from tests.speech_services.realtime import Peer, Realtime

from voice_bridge.domain.answer import Answer
from voice_bridge.domain.endpointing import VadSettings
from voice_bridge.domain.language import Language
from voice_bridge.engines.realtime.engine import RealtimeEngine
from voice_bridge.engines.realtime.model import Limits, Model
from voice_bridge.engines.realtime.session import RealtimeSession
from voice_bridge.ports import CallTool, Said, Surroundings, Tool

HISTORY = (Said("user", "hello"), Said("assistant", "Hi."))
LIMITS = Limits(first_delay=0.01, longest_delay=0.02, attempts=3, ready=5)


async def history() -> Sequence[Said]:
    return HISTORY


async def call_tool(_call_id: str, name: str, arguments: Mapping[str, Any]) -> str:
    return f"{name}({arguments['name']})"


async def no_reply(transcript: str | None, _reply: str, _language: Language) -> AsyncIterator[str | Answer]:
    yield f"nobody asks for this: {transcript}"


def session_for(
    upstream: Realtime, limits: Limits = LIMITS, call: CallTool = call_tool, vad: VadSettings | None = None
) -> RealtimeSession:
    client = openai.AsyncOpenAI(base_url=f"http://127.0.0.1:{upstream.port}/v1", api_key="k")
    tool = Tool(
        "find_contact", "Finds a contact", {"type": "object", "properties": {"name": {"type": "string"}}}
    )
    surroundings = Surroundings("alloy", no_reply, None, history, (tool,), call)
    model = Model("gpt-realtime", "whisper-1")
    unread = Counter("unread", "unread", ("type",), registry=None)
    return RealtimeEngine(client, model, unread, vad=vad, limits=limits).session(surroundings)


async def opened(
    upstream: Realtime,
    limits: Limits = LIMITS,
    call: CallTool = call_tool,
    vad: VadSettings | None = None,
) -> tuple[RealtimeSession, Peer]:
    session = session_for(upstream, limits, call, vad)
    opening = asyncio.create_task(session.open())
    peer = await upstream.accept()
    await peer.set_up()
    await opening
    for said in HISTORY:
        assert (await peer.expect("conversation.item.create"))["item"]["role"] == said.role
    return session, peer
