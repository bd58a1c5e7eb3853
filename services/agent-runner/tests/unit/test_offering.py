"""Tools called for a model that is not the agent's own: offered, called once, logged."""

import json

import pytest

from agent_runner.agents.documents import LogDocuments
from agent_runner.agents.offering import Offer
from agent_runner.agents.tools import built_in_tools
from agent_runner.agents.tools.answering import tool_of
from agent_runner.agents.tools.folder import DataFolder
from contracts.events import ConversationStarted, DocumentSaved, Step, VoiceToolCalled, VoiceToolReturned
from contracts.tools import CallTool, ToolOutcome
from eventlog.author import Author
from eventlog.memory import MemoryLog
from eventlog.turns.inbox import Inbox
from eventlog.turns.refusals import Missing

KEY = "talk"
CALLS: list[str] = []


async def greet(name: str) -> str:
    """Greets somebody.

    Args:
        name: whom.
    """
    CALLS.append(name)
    if name == "nobody":
        raise ValueError("there is nobody")
    return f"hello {name}"


async def send(name: str) -> str:
    """Sends something."""
    CALLS.append(name)
    return "sent"


@pytest.fixture
async def log() -> MemoryLog:
    CALLS.clear()
    log = MemoryLog()
    opening = ConversationStarted(responder_name="agent-runner", protocol="voice")
    await Inbox(log, Author("test")).open(KEY, opening)
    return log


@pytest.fixture
def offer(log: MemoryLog) -> Offer:
    tools = [tool_of(greet), tool_of(send, commits=True)]
    return Offer(log, Author("test"), tools, timeout_seconds=5)


def asked(call_id: str = "c1", tool: str = "greet", **arguments: object) -> CallTool:
    return CallTool(conversation=KEY, call_id=call_id, tool=tool, arguments=arguments)


async def written(log: MemoryLog) -> list[object]:
    return [recorded.event async for recorded in log.read(KEY, pattern="voice.>")]


def test_tools_that_commit_are_not_offered(offer: Offer) -> None:
    (tool,) = offer.tools().tools
    assert (tool.name, tool.parameters["properties"]["name"]["type"]) == ("greet", "string")
    assert tool.description.startswith("Greets somebody.")


async def test_a_call_is_logged_before_and_after(offer: Offer, log: MemoryLog) -> None:
    outcome = await offer.call(asked(name="kim"))
    assert outcome == ToolOutcome(output='"hello kim"')
    text = "Execution logs:\ngreet(name='kim')\nLast output: \"hello kim\""
    assert await written(log) == [
        VoiceToolCalled(call_id="c1", tool="greet", arguments={"name": "kim"}),
        VoiceToolReturned(call_id="c1", output='"hello kim"', steps=(Step(kind="action", text=text),)),
    ]


async def test_the_same_call_is_made_once(offer: Offer, log: MemoryLog) -> None:
    first = await offer.call(asked(name="kim"))
    assert await offer.call(asked(name="lee")) == first
    assert CALLS == ["kim"]
    assert len(await written(log)) == 2
    assert await offer.call(asked("c2", name="lee")) == ToolOutcome(output='"hello lee"')


@pytest.mark.parametrize(
    ("tool", "name", "why"),
    [
        ("greet", "nobody", "there is nobody"),
        ("send", "kim", "there is no tool 'send'"),
        ("greet", None, "name"),
    ],
)
async def test_a_failure_is_an_outcome(
    offer: Offer, log: MemoryLog, tool: str, name: str | None, why: str
) -> None:
    outcome = await offer.call(asked(tool=tool, name=name))
    assert outcome.failed
    assert why in outcome.output
    returned = (await written(log))[-1]
    assert isinstance(returned, VoiceToolReturned)
    assert (returned.output, returned.failed) == (outcome.output, True)
    assert f"{tool}(name={name!r}) failed" in returned.steps[0].text
    assert "kim" not in CALLS


async def test_an_unknown_conversation_is_refused(offer: Offer) -> None:
    with pytest.raises(Missing):
        await offer.call(CallTool(conversation="other", call_id="c1", tool="greet", arguments={}))


async def test_what_a_tool_saves_is_the_conversations(log: MemoryLog) -> None:
    offer = Offer(log, Author("test"), built_in_tools(DataFolder(None), LogDocuments()), timeout_seconds=20)
    saved = await offer.call(asked(tool="write_report", title="Sales", results=[]))
    assert not saved.failed, saved.output
    listed = await offer.call(asked("c2", tool="list_documents"))
    assert [each["title"] for each in json.loads(listed.output)] == ["Sales"]
    assert await log.last(KEY, DocumentSaved.type)
