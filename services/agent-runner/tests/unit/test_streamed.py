"""What a run streams is in the log as what is new in it, and comes back to the character."""

from typing import Annotated, Any

import orjson
import pytest
from langchain_core.messages import AIMessage
from langgraph.config import get_stream_writer
from langgraph.graph import START, MessagesState, StateGraph

from agent_runner.engine.streaming import shown
from agent_runner.engine.worker import Worker
from contracts.envelope import Recorded
from contracts.events import ENDS, RunCompleted, RunStreamed, StatesStreamed
from contracts.live import FRAME
from eventlog.turns.frames import Frame, following


def _added(old: list[str], new: list[str]) -> list[str]:
    return old + new


class State(MessagesState):
    log: Annotated[list[str], _added]


def _first(state: State) -> Any:
    return {"log": [f"read {len(state['messages'])}"]}


def _answer(state: State) -> Any:
    said = str(state["messages"][-1].content)
    return {"messages": [AIMessage(f"You said: {said}. " + "And so on. " * 20)], "log": ["answered"]}


def _graph() -> Any:
    graph = StateGraph(State)
    graph.add_node("first", _first)
    graph.add_node("answer", _answer)
    graph.add_edge(START, "first")
    graph.add_edge("first", "answer")
    return graph


class Conversation:
    """Turns that are streamed, on a log in memory."""

    def __init__(self, runs: Any) -> None:
        self.runs = runs(_graph())

    async def turn(self, runner: Worker, text: str, **options: Any) -> Recorded:
        said = {"messages": [{"type": "human", "content": text}]}
        work: Recorded = await self.runs.requested(input=said, **{"stream_modes": ("values",), **options})
        await runner.answer(work)
        return work

    async def sent(self, work: Recorded) -> list[tuple[int, str, str]]:
        """The frames of a run as they were sent at once."""
        kept = await self.runs.live.kept(self.runs.KEY)
        return [tuple(delta.data) for delta in kept if delta.kind == FRAME and delta.run_id == work.id]

    async def replayed(self, work: Recorded) -> list[tuple[int, str, str]]:
        """The frames of a run as the log alone tells them to one who comes for it."""
        frames: list[tuple[int, str, str]] = []
        async with following(self.runs.log, None, self.runs.KEY, after=work.sequence) as items:
            async for item in items:
                if isinstance(item, Frame):
                    frames.append((item.number, item.event, item.data))
                elif isinstance(item.event, ENDS):
                    break
        return frames

    async def streamed(self, *kinds: type[Any]) -> list[Any]:
        found: list[Any] = await self.runs.events(*kinds or (RunStreamed, StatesStreamed))
        return found


@pytest.fixture
def conversation(runs: Any) -> Conversation:
    return Conversation(runs)


ALL = ("values", "updates", "messages", "messages-tuple", "tasks", "checkpoints", "debug", "events")


@pytest.mark.parametrize(
    "options", [{"stream_modes": ALL}, {"stream": "protocol"}], ids=["modes", "protocol"]
)
async def test_every_run_comes_back_as_it_was_sent(conversation: Conversation, options: Any) -> None:
    one, other = conversation.runs.runner(), conversation.runs.runner()
    works = [
        await conversation.turn(other if number == 4 else one, f"turn {number}", **options)
        for number in range(8)
    ]

    for work in works:
        sent = await conversation.sent(work)
        assert await conversation.replayed(work) == sent
        assert [number for number, *_ in sent] == list(range(1, len(sent) + 1))
    assert await conversation.streamed(StatesStreamed)


@pytest.mark.parametrize(
    ("turns", "options"),
    [(200, {"stream_modes": ("values", "tasks")}), (60, {"stream": "protocol"})],
    ids=["modes", "protocol"],
)
async def test_a_turn_appends_as_much_after_200_turns_as_after_10(
    conversation: Conversation, turns: int, options: Any
) -> None:
    runner = conversation.runs.runner()
    works = [await conversation.turn(runner, f"turn {n}: what is new?", **options) for n in range(turns)]

    events = await conversation.streamed()
    appended = [
        sum(len(event.model_dump_json()) for event in events if event.run_id == work.id) for work in works
    ]
    early, late = (sum(appended[end - 5 : end]) for end in (15, turns))
    assert late < 1.15 * early


async def test_a_runner_that_knows_nothing_goes_on_with_what_the_log_has(conversation: Conversation) -> None:
    for number in range(30):
        await conversation.turn(conversation.runs.runner(), f"turn {number}")

    events = await conversation.streamed(StatesStreamed)
    assert {event.base for event in events} == {events[0].base}
    said = [sum(len(p) for frame in event.frames for p in frame.parts) for event in events]
    assert said[-1] < 2 * said[4]


async def test_where_the_changes_are_more_than_what_they_come_to_all_is_said_anew(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shown, "ALWAYS_WORTH", 0)
    monkeypatch.setattr(shown, "WORTH", 0.1)
    runner = conversation.runs.runner()
    works = [await conversation.turn(runner, f"turn {number}", stream_modes=ALL) for number in range(12)]

    events = await conversation.streamed(StatesStreamed)
    assert len({event.base for event in events}) > 2
    for work in works:
        assert await conversation.replayed(work) == await conversation.sent(work)
    await conversation.turn(conversation.runs.runner(), "another runner", stream_modes=ALL)
    assert (await conversation.streamed(StatesStreamed))[-1].base >= events[-1].base


async def test_a_conversation_begun_again_has_nothing_of_its_first_life_in_it(runs: Any) -> None:
    conversation = Conversation(runs)
    runner = conversation.runs.runner()
    await conversation.turn(runner, "a secret of the first life " * 100)
    await conversation.runs.inbox.delete(conversation.runs.KEY)
    work = await conversation.turn(runner, "hello again " * 100)

    event = (await conversation.streamed(StatesStreamed))[-1]
    assert event.base > work.sequence - 2
    assert all(isinstance(part, str) for part in event.frames[0].parts)
    assert await conversation.replayed(work) == await conversation.sent(work)


def _halves(state: State) -> Any:
    get_stream_writer()({"half \ud83d": ["\ude00"]})
    return {"messages": [AIMessage("A smile: \ud83d\ude00, and a half \ud83d.")], "log": ["\udc00"]}


async def test_half_a_character_is_streamed_as_json_and_fails_no_run(runs: Any) -> None:
    conversation = runs(StateGraph(State).add_node("halves", _halves).add_edge(START, "halves"))
    modes = ("values", "updates", "messages-tuple", "custom", "debug", "events")
    work = await conversation.requested(
        input={"messages": [{"type": "human", "content": "hi"}]}, stream_modes=modes
    )

    await conversation.runner().answer(work)

    (end,) = await conversation.events(*ENDS)
    assert isinstance(end, RunCompleted)
    assert end.text == "A smile: 😀, and a half ?."
    frames = [delta.data for delta in await conversation.live.kept(conversation.KEY) if delta.kind == FRAME]
    assert all(orjson.loads(text) for _, _, text in frames)  # which takes no half, as clients do not
    assert {"half ?": ["?"]} in [orjson.loads(text) for _, _, text in frames]
