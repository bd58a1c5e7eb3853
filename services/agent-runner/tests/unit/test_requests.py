"""Everyday requests to the embedded model, over labelled sets; half of each was held back from tuning.

A line of a set is a conversation, its turns parted by ``>>``, and what its last answer must hold: parts
parted by ``;``, alternatives by ``|``, and ``!`` before what it must not hold.
"""

import json
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from agent_runner.agents.graphs.planner import build
from agent_runner.agents.models import select
from agent_runner.agents.tools import built_in_tools
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.storage import MemoryDocuments

SETS = Path(__file__).parent / "sets"
LEAST_SHARE = 0.9
LEAST_REQUESTS = 100


def requests(language: str) -> list[tuple[str, str]]:
    lines = (SETS / f"requests.{language}.tsv").read_text(encoding="utf-8").splitlines()
    return [(said, wanted) for said, _, wanted in (line.partition("\t") for line in lines)]


def fits(reply: str, wanted: str) -> bool:
    text = reply.casefold()
    held = [part.casefold().split("|") for part in wanted.split(";") if not part.startswith("!")]
    barred = [part[1:].casefold() for part in wanted.split(";") if part.startswith("!")]
    return all(any(each in text for each in part) for part in held) and not any(
        each in text for each in barred
    )


@cache
def planner() -> tuple[Any, MemoryDocuments]:
    """One graph for all conversations; only the documents would be seen from one in another."""
    documents = MemoryDocuments()
    graph = build(select(), built_in_tools(DataFolder(), documents))
    return graph.compile(checkpointer=InMemorySaver()), documents


async def answer(said: str) -> str:
    """The last answer of a conversation, or the question it ends with."""
    graph, documents = planner()
    for document in await documents.all():
        await documents.delete(document.id)
    config: Any = {"configurable": {"thread_id": str(uuid4())}}
    state: dict[str, Any] = {}
    for turn in said.split(" >> "):
        state = await graph.ainvoke({"messages": [HumanMessage(turn)]}, config)
    if asked := state.get("__interrupt__"):
        return json.dumps(asked[0].value, ensure_ascii=False)
    return str(state["final_result"])


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("half", ["tuned", "held back"])
async def test_everyday_requests_are_answered(language: str, half: str) -> None:
    every = requests(language)
    assert len(every) >= LEAST_REQUESTS
    mine = every[half == "held back" :: 2]

    wrong = [(said, reply) for said, wanted in mine if not fits(reply := await answer(said), wanted)]

    assert len(wrong) <= (1 - LEAST_SHARE) * len(mine), wrong


@pytest.mark.parametrize(
    "said",
    [
        "when is payday?",
        "급여일이 언제야?",
        "where can I park?",
        "육아휴직 규정 있어?",
        "what is the dress code policy?",
    ],
)
async def test_what_the_notes_do_not_say_is_not_answered_from_them(said: str) -> None:
    reply = await answer(said)

    assert "source:" not in reply
    assert "출처:" not in reply


async def test_what_is_beyond_it_it_says_in_one_sentence_with_two_examples() -> None:
    assert await answer("compose a symphony") == (
        'That is beyond me, but I can do things like "show the contacts in Seoul" or '
        '"analyse the sales of 2023 by product".'
    )


async def test_korean_in_pieces_is_read_as_korean() -> None:
    reply = await answer(unicodedata.normalize("NFD", "김민준 전화번호 알려줘"))

    assert reply == "김민준: 010-0000-0101"
