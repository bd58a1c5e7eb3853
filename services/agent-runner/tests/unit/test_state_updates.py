"""A state that is changed from outside with a key is changed once, also while others append."""

import asyncio
import json
from typing import Any

from langgraph.graph import START, MessagesState, StateGraph

from contracts.events import CheckpointSaved, MetadataChanged, RequestTaken
from contracts.queries import StateUpdate, ThreadStatesQuery, UpdateState
from eventlog.turns.inbox import Inbox


def reply(state: MessagesState) -> Any:
    return {"messages": [{"role": "assistant", "content": "said"}]}


def update(talk: Any, *texts: str, key: str | None = "k") -> UpdateState:
    steps = tuple(
        (StateUpdate(values={"messages": [{"role": "user", "content": text}]}, as_node="reply"),)
        for text in texts
    )
    return UpdateState(conversation=talk.KEY, supersteps=steps, key=key)


async def test_the_same_key_changes_a_state_once(runs: Any) -> None:
    talk = runs(StateGraph(MessagesState).add_node("reply", reply).add_edge(START, "reply"))
    await talk.say("hi")
    before = len(await talk.events(CheckpointSaved))

    async def others() -> None:
        for number in range(5):
            await Inbox(talk.log, talk.author).note(talk.KEY, MetadataChanged(metadata={"n": number}))

    command = update(talk, "one", "two")
    appending = asyncio.create_task(others())
    told = await asyncio.gather(*(talk.reader().update(command) for _ in range(4)))
    await appending
    assert {each.refusal for each in told} == {None}
    assert len({each.checkpoint_id for each in told}) == 1
    assert len(await talk.events(CheckpointSaved)) == before + 2
    assert len(await talk.events(RequestTaken)) == 1
    assert await talk.reader().update(command) == told[0]
    assert (await talk.reader().update(update(talk, "else"))).is_another
    again = await talk.reader().update(update(talk, "one", "two", key=None))
    assert again.checkpoint_id != told[0].checkpoint_id
    state = await talk.runner()._saver.aget_tuple({"configurable": {"thread_id": talk.KEY}})
    said = [message.text for message in state.checkpoint["channel_values"]["messages"]]
    assert said == ["hi", "said", *(["one", "two"] * 2)]


async def test_a_refused_update_takes_no_key(runs: Any) -> None:
    talk = runs(StateGraph(MessagesState).add_node("reply", reply).add_edge(START, "reply"))
    await talk.say("hi")
    wrong = UpdateState(
        conversation=talk.KEY, supersteps=((StateUpdate(values={}, as_node="nobody"),),), key="k"
    )
    assert (await talk.reader().update(wrong)).refusal
    assert not (await talk.reader().update(update(talk, "one"))).is_another


async def test_a_state_is_not_changed_while_a_run_goes_on(runs: Any) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(state: MessagesState) -> Any:
        begun.set()
        await go_on.wait()
        return reply(state)

    talk = runs(StateGraph(MessagesState).add_node("reply", slow).add_edge(START, "reply"))
    work = await talk.receive("hi")
    running = asyncio.create_task(talk.run(work))
    await begun.wait()
    for key in ("k", None):
        told = await talk.reader().update(update(talk, "lost", key=key))
        assert (told.is_busy, bool(told.refusal)) == (True, True)
    go_on.set()
    await running
    told = await talk.reader().update(update(talk, "kept"))
    assert (told.is_busy, told.refusal) == (False, None)
    (state,) = (await talk.reader().states(ThreadStatesQuery(conversation=talk.KEY))).states
    said = [message["content"] for message in json.loads(state)["values"]["messages"]]
    assert said == ["hi", "said", "kept"]
