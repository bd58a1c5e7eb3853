"""The official clients for JavaScript: the SDK, and both generations of the hook for pages."""

from collections.abc import Callable
from typing import Any

import pytest

Node = Callable[..., Any]
TOLD = [
    ["human", "weather in Oslo"],
    ["ai", ""],
    ["tool", "sunny in Oslo"],
    ["ai", "The tool said: sunny in Oslo"],
    ["human", "again"],
    ["ai", "You said: again"],
]


def test_the_sdk(node: Node, url: str) -> None:
    found = node("sdk.mjs", url, "lgchat")
    assert found["events"][0] == "metadata"
    assert found["events"][-1] == "end"
    assert found["joined"] == found["events"]
    assert found["messages"][-1] == "The tool said: sunny in Oslo"
    assert found["created"].keys() == {"run_id", "thread_id"}


@pytest.mark.parametrize("generation", ["legacy", "current"])
def test_a_page_talks_twice(generation: str, node: Node, url: str) -> None:
    page = node("hooks.mjs", url, "lgchat", generation, "weather in Oslo", "again")
    assert page["error"] is None
    assert page["messages"] == TOLD


@pytest.mark.parametrize("generation", ["legacy", "current"])
def test_a_page_answers_a_question(generation: str, node: Node, url: str) -> None:
    page = node("hooks.mjs", url, "ask", generation, "text:one", "resume:yes")
    assert page["values"]["log"] == ["prepared one", "answered yes", "finished"]
    assert page["interrupt"] is None


@pytest.mark.parametrize("generation", ["legacy", "current"])
def test_a_page_is_opened_anew_while_somebody_speaks(generation: str, node: Node, url: str) -> None:
    page = node("hooks.mjs", url, "lgchat", generation, "reload:slow 12")
    assert page["error"] is None
    assert page["messages"] == [["human", "slow 12"], ["ai", " ".join(f"w{n}" for n in range(12))]]


@pytest.mark.parametrize("generation", ["legacy", "current"])
def test_a_page_stops_a_run_and_goes_on(generation: str, node: Node, url: str) -> None:
    page = node("hooks.mjs", url, "lgchat", generation, "stop:slow 40", "again")
    assert page["error"] is None
    texts = [text for _, text in page["messages"]]
    assert "You said: again" in texts
    assert " ".join(f"w{n}" for n in range(40)) not in texts


def test_a_page_is_told_of_a_failure(node: Node, url: str) -> None:
    assert "boom: one" in node("hooks.mjs", url, "fail", "current", "text:one")["error"]
