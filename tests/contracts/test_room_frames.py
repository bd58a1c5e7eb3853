"""The room protocol's frames against their schemas: a turn of the original service, and turns of ours."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from langchain_core.messages import AIMessageChunk, HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from agent_runner.agents.graphs import chat
from agent_runner.agents.models import select
from agent_runner.agents.tools import built_in_tools
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.storage import MemoryDocuments
from agent_runner.engine.catalogue import compile_graph
from agent_runner.engine.deltas import Deltas
from agent_runner.engine.trace import Trace
from contracts.live import Delta
from contracts.trace import TRACED
from eventlog.memory import MemoryLive
from protocols.room.wire import EVENTS, FRAMES
from protocols.schemas import frame_schema_files

PROTOCOLS = Path(__file__).parents[2] / "libs" / "protocols"
VECTOR = Path(__file__).parent / "vectors" / "room-turn.jsonl"

Frame = dict[str, Any]


def vector() -> list[Frame]:
    return [json.loads(line) for line in VECTOR.read_text().splitlines()]


async def trace_of(text: str) -> list[Frame]:
    """What a turn of the chat graph sends, as frames."""
    live, room = MemoryLive(), "room"
    deltas = Deltas(live, room, str(uuid4()), 1)
    graph = compile_graph(
        chat.build(select(), built_in_tools(DataFolder(), MemoryDocuments())), InMemorySaver()
    )
    await graph.ainvoke(
        {"messages": [HumanMessage(text)]},
        {"configurable": {"thread_id": room}, "callbacks": [Trace(deltas)]},
    )
    await deltas.flush()
    kept = [Delta.model_validate_json(delta.model_dump_json()) for delta in await live.kept(room)]
    assert [delta.index for delta in kept] == list(range(deltas.count))
    return [{"event": delta.kind, **delta.data, "id": "i"} for delta in kept if delta.kind in TRACED]


def stored_schema(name: str) -> Frame:
    schema: Frame = json.loads((PROTOCOLS / "schemas" / "room" / f"{name}.json").read_text())
    return schema


def fitting(frame: Frame) -> Iterator[str]:
    for model in FRAMES:
        if Draft202012Validator(stored_schema(model.__name__)).is_valid(frame):
            yield model.__name__


@pytest.mark.parametrize(("name", "text"), list(frame_schema_files()), ids=lambda value: value[:40])
def test_a_frames_schema_does_not_change(name: str, text: str) -> None:
    Draft202012Validator.check_schema(json.loads(text))
    assert json.loads((PROTOCOLS / "schemas" / name).read_text()) == json.loads(text)


@pytest.mark.parametrize("number", range(len(vector())))
def test_the_original_services_frames_fit_one_schema_each(number: int) -> None:
    frame = vector()[number]
    assert len(list(fitting(frame))) == 1
    assert EVENTS.validate_python(frame).model_dump(exclude={"id"}) == frame


@pytest.mark.parametrize("text", ["안녕 반가워요", "2023년 매출 데이터를 분석해주세요", "2019년 매출 분석"])
async def test_our_frames_fit_one_schema_each(text: str) -> None:
    frames = await trace_of(text)
    assert frames
    for frame in frames:
        assert len(list(fitting(frame))) == 1, frame
        assert EVENTS.validate_python(frame).model_dump(mode="json") == frame


def replies(frames: list[Frame]) -> list[AIMessageChunk]:
    """What each call of the model said, added up by LangChain itself."""
    whole: dict[str, AIMessageChunk] = {}
    for frame in frames:
        if frame["event"] == "on_chat_model_stream":
            chunk = AIMessageChunk(**frame["data"]["chunk"])
            so_far = whole.get(frame["run_id"])
            whole[frame["run_id"]] = chunk if so_far is None else so_far + chunk
    return list(whole.values())


def last_content(frames: list[Frame]) -> str:
    updates = [frame for frame in frames if frame["event"] == "on_chain_stream"]
    content: str = updates[-1]["data"]["chunk"]["model"]["messages"][-1]["content"]
    return content


def test_langchain_parses_the_original_chunks_back() -> None:
    (reply,) = replies(vector())
    assert reply.text == last_content(vector())


async def test_langchain_parses_our_chunks_back() -> None:
    frames = await trace_of("2023년 매출 데이터를 분석해주세요")
    *calls, reply = replies(frames)
    tools = [frame for frame in frames if frame["event"] == "on_tool_start"]
    assert len(calls) == len(tools) > 0
    assert all(call.tool_calls[0]["name"] and call.tool_calls[0]["args"] for call in calls)
    assert reply.text == last_content(frames)
