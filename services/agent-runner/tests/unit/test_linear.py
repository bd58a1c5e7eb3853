"""Reading takes time in proportion to the text, whatever the text is made of.

Every pattern over user text is RE2's, which never goes back in the text, and each analyser is counted: the
lines that Python runs for a text of its worst pieces grow no faster than the text.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from tests.steps import lines_run

import agent_runner.agents
from agent_runner.agents.graphs.changes import change_of, plain_request
from agent_runner.agents.graphs.consent import read
from agent_runner.agents.models.addresses import find_address
from agent_runner.agents.models.amounts import find_amounts
from agent_runner.agents.models.drafting import letter_of, parties_of
from agent_runner.agents.models.phrases import details_of, filters_of, is_question, kind_of, refines
from agent_runner.agents.models.request import understand, user_name
from agent_runner.agents.tools.notes import Index, about, sections_of

SOURCES = Path(agent_runner.agents.__file__).parent
CHARACTERS = 100_000
CUT = 20_000
"""For what is only given a text that was cut already, ten times as much as it is cut to."""
DRAFT = {"tool": "draft_document", "arguments": {"template": "contract"}}
SEND = {"tool": "send_document", "arguments": {"to": "a@b.example"}}
PIECES = [
    "내 이름은 ",
    "라고",
    "1억 ",
    "$1,",
    "천만",
    "a@b.",
    "네 ",
    "don't ",
    "with A ",
    "에게 ",
    "으로 ",
    "\u1100\u1161",
]
# Patterns over what users say may only be made by RE2; these read settings, files and error texts.
OTHERS = {"agents/models/embedded.py": "cuts a reply into tokens by runs of blanks"}
GROWTH = 10
"""The short text is this much shorter than the long one."""
SLACK = 3
ANALYSERS: dict[str, Callable[[str], Any]] = {
    "consent to a draft": lambda text: read(text, DRAFT),
    "consent to sending": lambda text: read(text, SEND),
    "changes": lambda text: change_of(plain_request(text), DRAFT),
    "amounts": find_amounts,
    "address": find_address,
    "parties": parties_of,
    "letter": letter_of,
    "kind": kind_of,
    "refines": refines,
    "question": is_question,
    "filters": filters_of,
    "details": lambda text: [details_of(text[:CUT], kind) for kind in ("contacts", "draft", "mail", "tasks")],
    "request": lambda text: understand([HumanMessage(text)]),
    "long conversation": lambda text: understand([HumanMessage(text)] * 3),
    "name": lambda text: user_name([HumanMessage(text)]),
    "notes": lambda text: Index(sections_of("n", "# A\n\n휴가는 3일")).search(text, 3),
    "about": lambda text: about(text, is_question=True),
}


def of(piece: str, characters: int) -> str:
    return (piece * (characters // len(piece) + 1))[:characters]


@pytest.mark.parametrize("name", ANALYSERS)
def test_an_analyser_takes_steps_in_proportion(name: str) -> None:
    analyse = ANALYSERS[name]
    analyse("warm")  # what is read once, such as data files, is no step of it
    for piece in PIECES:
        long, short = of(piece, CHARACTERS), of(piece, CHARACTERS // GROWTH)
        few = lines_run(lambda: analyse(short))  # noqa: B023 - called at once
        many = lines_run(lambda: analyse(long))  # noqa: B023 - called at once

        assert many <= SLACK * GROWTH * max(few, 100), (piece, few, many)


def test_patterns_over_what_users_say_are_re2() -> None:
    assert set(made_by_re()) == set(OTHERS)


def made_by_re() -> Iterator[str]:
    for file in SOURCES.rglob("*.py"):
        if re.search(r"^import re$|^from re import", file.read_text(encoding="utf-8"), re.MULTILINE):
            yield str(file.relative_to(SOURCES.parent))
