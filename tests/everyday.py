"""The labelled sets of everyday words, and how often the embedded model and the readers of consent are right.

A set is a file of lines parted by a tab, for one language. What was written first was looked at while the
rules were made, but for the half that was held back; `later` was written when the rules were done, and half
of it was held back again.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args
from uuid import uuid4

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver

from agent_runner.agents.graphs.consent import Reading
from agent_runner.agents.graphs.planner import build
from agent_runner.agents.models import select
from agent_runner.agents.tools import built_in_tools
from agent_runner.agents.tools.folder import DataFolder
from agent_runner.agents.tools.storage import MemoryDocuments

SETS: Final = Path(__file__).parents[1] / "services/agent-runner/tests/unit/sets"
DRAFT: Final = {"tool": "draft_document", "arguments": {"template": "contract", "language": "en"}}
Language: TypeAlias = Literal["ko", "en"]
Half: TypeAlias = Literal["tuned", "held back"]
NO_NOTE: Final = "-"
LANGUAGES: Final = get_args(Language)
HALVES: Final = get_args(Half)


@dataclass(frozen=True, slots=True)
class Said:
    """Something said, and what is right for it."""

    text: str
    wanted: str


def requests(language: str, *, later: bool = False) -> list[Said]:
    """Conversations, their turns parted by ``>>``, and what the last answer must hold: see `fits`."""
    lines = _lines("requests", language, later)
    return [Said(text, wanted) for text, _, wanted in (line.partition("\t") for line in lines)]


def answers(language: str, *, later: bool = False) -> list[Said]:
    """Answers to a question for consent, and their verdicts."""
    return _labelled("consent", language, later)


def questions(language: str) -> list[Said]:
    """Questions to the notes, and the note that answers them; ``-`` where none does."""
    return _labelled("notes", language, later=False)


def half(every: list[Said], which: str, *, by_turns: bool = True) -> list[Said]:
    """One half: every other line, or what stands before the middle and behind it."""
    held_back = which == "held back"
    middle = len(every) // 2
    return every[held_back::2] if by_turns else every[middle:] if held_back else every[:middle]


def fits(reply: str, wanted: str) -> bool:
    """Whether a reply holds what is wanted: parts parted by ``;``, alternatives by ``|``, and ``!`` before
    what it must not hold."""
    text = reply.casefold()
    held = [part.casefold().split("|") for part in wanted.split(";") if not part.startswith("!")]
    barred = [part[1:].casefold() for part in wanted.split(";") if part.startswith("!")]
    return all(any(each in text for each in part) for part in held) and not any(
        each in text for each in barred
    )


def commits(reading: Reading) -> bool:
    """Whether what is waiting happens without being asked about again."""
    return reading.verdict == "yes" or bool(reading.change and reading.change.exact)


async def reply(said: str) -> str:
    """The embedded model's last answer in a conversation with the planner, or the question it ends with."""
    graph, documents = _planner()
    for document in await documents.all():
        await documents.delete(document.id)
    config: Any = {"configurable": {"thread_id": str(uuid4())}}
    state: dict[str, Any] = {}
    for turn in said.split(" >> "):
        state = await graph.ainvoke({"messages": [HumanMessage(turn)]}, config)
    if asked := state.get("__interrupt__"):
        return json.dumps(asked[0].value, ensure_ascii=False)
    return str(state["final_result"])


@cache
def _planner() -> tuple[Any, MemoryDocuments]:
    """One graph for all conversations; only the documents would be seen from one in another."""
    documents = MemoryDocuments()
    graph = build(select(), built_in_tools(DataFolder(), documents))
    return graph.compile(checkpointer=InMemorySaver()), documents


def _labelled(name: str, language: str, later: bool) -> list[Said]:
    lines = _lines(name, language, later)
    return [Said(text, label) for label, _, text in (line.partition("\t") for line in lines)]


def _lines(name: str, language: str, later: bool) -> list[str]:
    file = SETS / f"{name}.{'later.' if later else ''}{language}.tsv"
    return file.read_text(encoding="utf-8").splitlines()
