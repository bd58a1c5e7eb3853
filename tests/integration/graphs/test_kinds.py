"""Graphs of every style over octo, agent and room: what they give is what they give in-process, whoever dies.

All talks begin; agent-runner is killed while questions wait, branches of a fan-out and calls of an agent are
under way; all talks go on.
"""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.integration.graphs import kinds
from tests.integration.graphs.talks import (
    NO,
    PROTOCOLS,
    YES,
    Answer,
    Kind,
    Octo,
    Outcome,
    Stage,
    differs,
    in_process,
    text,
)
from tests.model_server import Write, called, say, serving
from websockets.asyncio.client import connect

CLERK = 'call task {"description": "write", "subagent_type": "clerk"}'
LOOK = 'call look {"at": "tea"}'
SEND = 'call send {"to": "ann"}'
APPROVED = Answer("yes", {"decisions": [{"type": "approve"}]}, {"approve": True})
REJECTED = Answer("no", {"decisions": [{"type": "reject", "message": "no"}]}, {"response": "no"})
EDITED = {"decisions": [{"type": "edit", "edited_action": {"name": "send", "args": {"to": "bob"}}}]}
OTHER = Answer('{"to": "bob"}', EDITED, {"response": EDITED})
ORDER = Answer(
    '{"size": "small", "count": 2}',
    {"size": "small", "count": 2},
    {"response": {"size": "small", "count": 2}},
)
GO_ON = Answer("yes", None, {"approve": True})

TALKS: dict[str, tuple[Any, ...]] = {
    "agent": ("hello", f"{LOOK} | {LOOK}", 'call remember {"name": "Kim"}', "call who {}"),
    "thinking": ("hello", LOOK),
    "asking": ('call ask {"question": "Which colour?"}', text("blue"), "thanks"),
    "approving": (SEND, APPROVED, SEND, REJECTED, LOOK),
    "mailing": ('call mail {"to": "ann"}', APPROVED, 'call mail {"to": "ann"}', REJECTED, "thanks"),
    "summing": ("a", "b", LOOK, "c"),
    "stopping": (LOOK, GO_ON, "bye"),
    "boss": ("hello", 'call research {"query": "hi"}'),
    "swarm": ("hello", "call transfer_to_ben {}", "who?", "call transfer_to_ann {}", LOOK),
    "supervisor": ("hello", f"call transfer_to_worker {{}} | {LOOK}", "more"),
    "team": ("hello", text("Kim")),
    "counting": ("a", "b", "c"),
    "side_by_side": ("go", text("red"), text("blue")),
    "routing": ("go", NO, "again", YES),
    "insisting": ("go", text("old"), text("33"), text("my text")),
    "functional": ("go", YES, "again", NO),
    "storing": ('call store_here {"text": "tea"}', "call found_here {}"),
    "ordering": ("go", Answer("3", 3), NO, ORDER),
    "keeping": ('call keep {"text": "tea"}', "call kept {}"),
}
if find_spec("deepagents"):
    TALKS["deep"] = (SEND, APPROVED, SEND, REJECTED, SEND, OTHER, CLERK, APPROVED, LOOK)
CALLS = 7
"""Of the model and its tools in one turn of `counted`."""


class Counted:
    """What the model of `counted` was asked, by the talk and how many tools have answered."""

    def __init__(self, released: Callable[[], bool]) -> None:
        self.asked: Counter[tuple[int, int]] = Counter()
        self._released = released

    async def __call__(self, write: Write, number: int, body: dict[str, Any]) -> None:
        """As `tests.model_server.Behaviour`."""
        talk = int(next(each for each in body["messages"] if each["role"] == "user")["content"])
        used = sum(each["role"] == "tool" for each in body["messages"])
        self.asked[talk, used] += 1
        while talk == 2 * used and not self._released():
            await asyncio.sleep(0.02)
        calls = [called("abc"[used], json.dumps({"talk": talk}))] if used < 3 else []
        words = () if calls else ("all ", "done")
        await say(write, body, *words, finish="tool_calls" if calls else "stop", **_calling(calls))


def _calling(calls: list[Any]) -> dict[str, Any]:
    return {"tool_calls": calls} if calls else {}


async def until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "what is waited for does not come"
        await asyncio.sleep(0.02)  # a file of another process has no other way to tell


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore::langgraph.warnings.LangGraphDeprecatedSinceV10")
async def test_every_kind_gives_what_it_gives_in_process(
    graphs: Any, kinds_folder: Path, model_port: int
) -> None:
    stage, go = Stage(graphs), kinds_folder / "go"
    made = {name: getattr(kinds, name) for name in TALKS}
    told = [
        Kind(name, graph() if name in ("swarm", "supervisor", "deep") else graph, TALKS[name])
        for name, graph in made.items()
    ]
    expected = {kind.name: await in_process(kind) for kind in told}
    talks = [(kind, protocol) for kind in told for protocol in PROTOCOLS]
    model = Counted(go.exists)
    met = asyncio.Barrier(len(talks) + 1)
    async with serving(model, model_port), asyncio.TaskGroup() as group:
        held = [
            group.create_task(stage.hold(kind, protocol, expected[kind.name], met))
            for kind, protocol in talks
        ]
        fans = [group.create_task(stage.say("fan", protocol, f"over {protocol}")) for protocol in PROTOCOLS]
        paid = [
            group.create_task(stage.say("paying", protocol, f"over {protocol}")) for protocol in PROTOCOLS
        ]
        counted = [group.create_task(stage.say("counted", "octo", str(talk))) for talk in range(CALLS)]
        async with asyncio.timeout(100):
            await met.wait()
        reached = kinds_folder / "reached"
        await until(
            lambda: all(
                f"branch over {protocol} {n}" in lines(reached) for protocol in PROTOCOLS for n in range(4)
            )
        )
        await until(lambda: all(model.asked[2 * used, used] for used in range(4)))
        await until(lambda: all(f"{name} {2 * n + 1}" in lines(reached) for n, name in enumerate("abc")))
        await until(lambda: all(f"paid over {protocol}" in lines(reached) for protocol in PROTOCOLS))
        await asyncio.to_thread(graphs.kill, "agent-runner")
        go.touch()
    wrong = [
        (kind.name, protocol, turn, wanted, came)
        for (kind, protocol), task in zip(talks, held, strict=True)
        for turn, wanted, came in zip(kind.turns, expected[kind.name], task.result(), strict=True)
        if differs(protocol, wanted, came)
    ]
    assert not wrong
    assert [task.result() for task in fans] == [Outcome(reply="b0,b1,b2,b3")] * len(PROTOCOLS)
    begun = Counter(line for line in lines(reached) if line.startswith("branch"))
    assert {line for line, times in begun.items() if times > 1} <= {
        f"branch over {each} 2" for each in PROTOCOLS
    }
    assert [task.result() for task in counted] == [Outcome(reply="all done")] * CALLS
    receipts = [f"paid over {protocol}" for protocol in PROTOCOLS]
    assert [task.result() for task in paid] == [Outcome(reply=receipt) for receipt in receipts]
    calls = [f"{name} {talk}" for name in "abc" for talk in range(CALLS)]
    assert Counter(lines(kinds_folder / "returned")) == Counter([*calls, *receipts])
    assert {call for call, times in model.asked.items() if times > 1} <= {
        (2 * used, used) for used in range(4)
    }


async def test_a_question_survives_a_fork(graphs: Any) -> None:
    """Each of the two conversations takes an answer of its own."""
    stage, key = Stage(graphs), uuid4().hex
    asked = Outcome(questions=("ok?",))
    async with connect(stage.address("octo", key, "routing")) as socket:
        assert not differs("octo", asked, await Octo(socket, key).take("go", asked))
        async with httpx.AsyncClient(base_url=graphs.url(), timeout=60) as rest:
            place = (await rest.get(f"/api/sessions/{key}")).json()["checkpoint_id"]
            body = {"checkpoint_id": place, "thread_id": f"{key} fork"}
            assert (await rest.post(f"/api/sessions/{key}/fork", json=body)).status_code == 201
        async with connect(stage.address("octo", f"{key} fork", "routing")) as fork:
            other = Octo(fork, key)
            while (frame := await other.receive())["type"] != "hitl_request":
                pass
            assert frame["message"] == "ok?"
            assert await other.take(NO, Outcome()) == Outcome(reply="stopped")
        assert await Octo(socket, key).take(YES, Outcome()) == Outcome(reply="went")
