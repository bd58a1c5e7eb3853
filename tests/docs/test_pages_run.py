"""The commands of the pages do what the pages say, the examples run, and no link leads nowhere."""

import re
import sys
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

import pytest
from tests.docs.blocks import ROOT, Block, blocks, pages
from tests.docs.conftest import CLIENTS, Run

from agent_runner.agents.tools.mcp import mcp_tools

_LINK: Final = re.compile(r"(?<!`)\]\(([^)#\s]+)(?:#[^)]*)?\)")
RUN: Final = {"sh run": ["bash", "-euo", "pipefail", "-c"], "python run": [sys.executable, "-c"]}
"""What runs a block of a kind."""
SAID: Final = {
    "agent": ["FinalAnswerStep: [{'name'"],
    "langgraph_client": ["… planning", "? ", "… execution", "문서 번호"],
    "octo": ["… planning", "? 계약서", "10,000,000원"],
    "quote": ["안녕하세요!", "“", "” — "],
    "room": ["안녕하세요! 무엇을 도와드릴까요?"],
    "voice": ["you: hello", "it:  Hello", "report:"],
}
"""What each client shows, in this order."""


def _to_run() -> list[Any]:
    found = []
    for page in pages():
        here = blocks(page)
        for block, following in zip_longest(here, here[1:]):
            if block.kind in RUN:
                shows = following.text if following and following.kind.endswith(" output") else ""
                found.append(pytest.param(block, shows, id=f"{block.page}:{block.line}"))
    return found


@pytest.mark.parametrize(("block", "shows"), _to_run())
def test_a_command_shows_what_its_page_says(block: Block, shows: str, runs: Callable[[str], Run]) -> None:
    program = [*RUN[block.kind], block.text]
    _assert_in_order(runs(block.page)(program), shows.splitlines())


@pytest.mark.parametrize("client", sorted(CLIENTS.glob("*.py")), ids=lambda client: client.name)
def test_a_python_client_talks(
    client: Path, runs: Callable[[str], Run], question: Path, tmp_path: Path
) -> None:
    program = [sys.executable, str(client), *_arguments(client, question, tmp_path)]
    _assert_in_order(runs("README.md")(program), SAID[client.stem])


@pytest.mark.parametrize("client", sorted(CLIENTS.glob("*.mjs")), ids=lambda client: client.name)
def test_a_javascript_client_talks(
    client: Path, runs: Callable[[str], Run], javascript: Path, question: Path, tmp_path: Path
) -> None:
    program = ["node", client.name, *_arguments(client, question, tmp_path)]
    _assert_in_order(runs("README.md")(program, cwd=javascript), SAID[client.stem])


def _arguments(client: Path, question: Path, folder: Path) -> list[str]:
    if client.stem == "voice":
        return [str(question), str(folder / "reply"), "http://localhost:8000"]
    return ["http://localhost:2024" if client.stem == "langgraph_client" else "http://localhost:8000"]


def _assert_in_order(said: str, lines: list[str]) -> None:
    """Each line is there, behind the one before it; … stands for anything."""
    place = 0
    for line in lines:
        found = re.compile(".*".join(map(re.escape, line.split("…")))).search(said, place)
        assert found, f"{line!r} is not in {said[place:][:3000]}"
        place = found.end()


async def test_the_example_of_an_mcp_server_offers_its_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (tool,) = await mcp_tools(ROOT / "examples/mcp_server/mcp.json")
    answer = await tool.ainvoke({"article": "Chair"})
    assert (tool.name, answer[0]["text"]) == ("in_stock", "12 in stock")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    linked = {link for link in _LINK.findall(page.read_text()) if not link.startswith(("http:", "https:"))}
    assert {link for link in linked if not (page.parent / link).exists()} == set()


def test_a_line_that_is_not_shown_fails() -> None:
    with pytest.raises(AssertionError):
        _assert_in_order("b\na", ["a", "b"])
    _assert_in_order("a 1 z\nb", ["a … z", "b"])
