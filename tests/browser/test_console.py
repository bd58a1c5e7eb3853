"""The console in a real browser: conversations, approvals, the log, a lost connection, a talk by voice."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.spoken import record

from eventlog import service
from eventlog.broker import Broker
from eventlog.settings import NatsSettings
from eventlog.turns.dead_letters import DeadLetter, put
from parley.stack.attached import log_environment

BROWSER_SECONDS = 240.0
MOST_BYTES = 600_000
ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "build" / "screenshots"
GRAPHS = Path(__file__).with_name("graphs")
GO_ON = "go on"
PROGRAM_SECONDS = 30.0
SUFFIXES = {"Python": "py", "JavaScript": "mjs"}
SOCKETS = ("octo", "agent", "room", "voice")
HEARD = {
    "octo": "무엇을 도와드릴까요?",
    "agent": "FinalAnswerStep",
    "room": "on_chat_model_stream",
    "voice": "transcript.done",
    "langgraph": "event: end",
    "openai": "[DONE]",
    "mcp": "inputSchema",
    "quote": "complete",
}
"""What an answer to the frame of each protocol on the playground has."""
SAID = "what is the email of Mia Tanaka"
SETTLING_SECONDS = 2.0
OVER_SECONDS = 5.0
"""From a question to words over its answer, which takes eight seconds."""
ANSWER_SECONDS = 16.0

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def pictures() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)


@pytest.fixture(scope="module")
def console(
    stack_runner: Callable[..., AbstractContextManager[Any]],
    tmp_path_factory: pytest.TempPathFactory,
    unused_port: Callable[[], int],
) -> Iterator[Any]:
    """A stack for the console, with a graph that speaks when it is let."""
    folder = tmp_path_factory.mktemp("console")
    graphs = ",".join(f"{name}={name}:graph" for name in ("telling", "support", "approving", "analyst"))
    settings = {"PARLEY_GRAPHS": graphs, "PYTHONPATH": str(GRAPHS), "SUPPORT_GOES_ON": str(folder / GO_ON)}
    with stack_runner(folder, unused_port, **settings) as running:
        yield running


@pytest.fixture
def microphone(tmp_path: Path) -> str:
    """A file in which somebody asks for an address, with time before it and after it."""
    file = tmp_path / "microphone.wav"
    record(file, SETTLING_SECONDS, SAID, ANSWER_SECONDS)
    return str(file)


async def browse(
    node_scripts: Path, script: str, *arguments: str, at_half: Callable[[], None] | None = None
) -> Any:
    """What a script of this folder shows; `at_half` is done when it says that it is half done."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(node_scripts / script),
        *arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        limit=1 << 24,
    )
    assert process.stdin
    assert process.stdout
    async with asyncio.timeout(BROWSER_SECONDS):
        if at_half and await process.stdout.readline() == b"half\n":
            await asyncio.to_thread(at_half)
            process.stdin.write(b"on\n")
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    told = json.loads(output)
    assert told["trouble"] == []
    return told["shown"]


async def test_a_person_uses_the_console(console: Any, chromium: str, node_scripts: Path) -> None:
    shown = await browse(node_scripts, "console.mjs", chromium, console.url(), str(PICTURES))
    assert [shown[name] for name in ("seriousInChat", "seriousOnPhone")] == [[], []]
    assert shown["turnsAtSecondEvent"] == 1
    assert shown["events"] > 10
    assert shown["bytes"] < MOST_BYTES


async def test_no_word_is_lost_or_repeated_when_the_edges_die(
    console: Any, chromium: str, node_scripts: Path, tmp_path: Path
) -> None:
    def kill() -> None:
        console.kill("edge-ws")
        console.kill("edge-rest")

    told = ("console_talk.mjs", chromium, console.url(), "telling", str(tmp_path / "allowed"))
    assert await browse(node_scripts, *told, at_half=kill) == {
        "emptyBesideNew": 0,
        "wrong": [],
        "whole": True,
        "joinedIsPrefix": True,
        "said": 3,
        "draft": "FILE never said",
        "notEdited": 0,
    }


@pytest.mark.timeout(BROWSER_SECONDS + 60)  # eighty pictures on a machine that does other things too
async def test_every_page_can_be_shown(
    console: Any, chromium: str, node_scripts: Path, microphone: str
) -> None:
    """Light and dark, on a desk and on a phone; the pictures are looked at, and some are in the documents."""
    told = ("console_looks.mjs", chromium, console.url(), microphone)
    shown = await browse(node_scripts, *told, str(console.folder / GO_ON), str(PICTURES))
    assert shown["serious"] == {}
    assert shown["wide"] == [], "no page scrolls sideways"
    assert shown["bytes"] < MOST_BYTES


async def test_what_one_looks_for_is_found(console: Any, chromium: str, node_scripts: Path) -> None:
    assert await browse(node_scripts, "console_finds.mjs", chromium, console.url()) == {
        "report": "# 분석 보고서",
        "event": "run.completed",
        "found": 2,
        "waiting": "지출 계약서를 작성해주세요",
    }


async def test_a_question_is_a_form_of_its_kind(console: Any, chromium: str, node_scripts: Path) -> None:
    told = await browse(node_scripts, "console_questions.mjs", chromium, console.url(), "approving")
    edited = {"name": "send_email", "args": {"to": "ann@harbor.example", "subject": "Invoice", "copies": 2}}
    assert told["actions"] == {
        "decisions": [{"type": "edit", "edited_action": edited}, {"type": "reject", "message": "keep it"}]
    }
    assert told["inbox"] == {"type": "edit", "args": {"action": "pay", "args": {"amount": 12}}}
    assert told["options"] == "green"
    assert told["form"] == {"days": 3, "why": "holiday", "paid": True}
    assert "100,000" in told["refused"] or "100000" in told["refused"]
    assert told["draft"] == 100_001, "what was refused is in the field again"


async def test_the_playground_speaks_every_protocol(
    console: Any, chromium: str, node_scripts: Path, tmp_path: Path
) -> None:
    told = ("console_playground.mjs", chromium, console.url(), json.dumps(HEARD))
    programs = await browse(node_scripts, *told)
    assert {name: set(found) for name, found in programs.items()} == {
        name: {"websockets" if name in SOCKETS else "curl", "Python", "JavaScript"} for name in HEARD
    }

    async def each_in_turn(protocol: str) -> None:
        for language, program in programs[protocol].items():
            file = tmp_path / f"{protocol}.{SUFFIXES.get(language, 'sh')}"
            file.write_text(program)
            assert await says(file, HEARD[protocol]), f"{protocol} {language}"

    async with asyncio.TaskGroup() as group:
        for protocol in HEARD:
            group.create_task(each_in_turn(protocol))


async def says(program: Path, text: str) -> bool:
    """Whether a program says something before it ends, or in half a minute; it is ended then."""
    command = {".py": [sys.executable, "-u"], ".mjs": ["node", "--experimental-websocket"], ".sh": ["bash"]}[
        program.suffix
    ]
    process = await asyncio.create_subprocess_exec(
        *command, str(program), cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout
    heard = b""
    try:
        async with asyncio.timeout(PROGRAM_SECONDS):
            while text.encode() not in heard and (piece := await process.stdout.read(1 << 16)):
                heard += piece
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    return text.encode() in heard


async def test_a_talk_by_voice(console: Any, chromium: str, node_scripts: Path, microphone: str) -> None:
    shown = await browse(
        node_scripts, "console_voice.mjs", chromium, console.url(), microphone, "1", str(PICTURES)
    )
    (who, said), (other, answer) = shown["captions"]
    assert (who, said, other) == ("said", SAID, "reply")
    assert "mia.tanaka@harbor-systems.example" in answer
    assert [message["content"] for message in shown["report"]["messages"]] == [said, answer]
    assert min(shown["loudest"].values()) > 0.1, "both meters move"


async def test_an_answer_stops_when_somebody_speaks_over_it(
    console: Any, chromium: str, node_scripts: Path, tmp_path: Path
) -> None:
    file = tmp_path / "over.wav"
    record(file, SETTLING_SECONDS, "get all contacts", OVER_SECONDS, SAID, ANSWER_SECONDS)
    told = ("console_voice.mjs", chromium, console.url(), str(file), "2", str(PICTURES))
    shown = await browse(node_scripts, *told)
    assert [who for who, _ in shown["captions"]] == ["said", "reply", "said", "reply"]
    _, heard, said, answer = (message["content"] for message in shown["report"]["messages"])
    assert heard == f"{shown['captions'][1][1]} [interrupted]"
    assert (said, "mia.tanaka@harbor-systems.example" in answer) == (SAID, True)


async def test_an_operator_deals_with_dead_letters(console: Any, chromium: str, node_scripts: Path) -> None:
    key = f"dead-{uuid4()}"
    async with httpx.AsyncClient(base_url=console.url(), timeout=30) as client:
        await client.post("/chat", json={"message": "안녕하세요", "thread_id": key})
        found = (await client.get(f"/api/conversations/{key}/events")).json()["events"]
    await bury(console, key, next(event for event in found if event["type"] == "message.received"), 2)

    token = console.token("kim", "--operator")
    told = ("console_system.mjs", chromium, console.url(), token, key, str(PICTURES))
    assert await browse(node_scripts, *told) == {"lettersOfAnybody": 0, "away": 0, "serious": []}


async def bury(console: Any, key: str, said: dict[str, Any], count: int) -> None:
    """Put dead letters of a message as agent-runner would."""
    async with log_environment(console.settings()) as reached:
        user, password = reached["PARLEY_NATS_USER"], reached["PARLEY_NATS_PASSWORD"]
        nats = NatsSettings(url=reached["PARLEY_NATS_URL"], user=user, password=password)
        broker = Broker(nats, "test")
        await service.connect(broker)
        for number in range(count):
            letter = DeadLetter(
                service="agent-runner",
                conversation=key,
                sequence=said["sequence"],
                event_id=f"{said['id']} {number}",
                reason="the graph could not be loaded",
            )
            await put(broker, letter, timeout_seconds=5)
        await broker.stop()
