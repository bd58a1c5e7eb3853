"""Messages answered over a log in memory: in order, once, by whoever has the run."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, TypedDict

import pytest
from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import interrupt

from agent_runner.engine.catalogue import Served
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.ephemeral import run_once
from agent_runner.engine.exits import keep_running
from agent_runner.engine.worker import Worker
from agent_runner.settings import RunnerSettings
from contracts.envelope import Envelope, Recorded
from contracts.events import (
    ENDS,
    AnswerReceived,
    CancelRequested,
    CheckpointSaved,
    ConversationStarted,
    Event,
    MessageReceived,
    NodeCompleted,
    RunCancelled,
    RunCompleted,
    RunFailed,
    RunInterrupted,
    RunRequested,
    RunStarted,
)
from eventlog.author import Author
from eventlog.memory import MemoryLive, MemoryLog
from eventlog.turns.inbox import Inbox
from eventlog.turns.journal import Superseded
from eventlog.turns.responder import Stopped

KEY = "c"
WAIT_SECONDS = 10


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]


class Echo:
    """A graph of two nodes whose second can be held, made to fail or made to ask."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.first_calls = 0
        self.raises: dict[str, BaseException] = {}

    def build(self) -> StateGraph[State, None, Any, Any]:
        async def first(state: State) -> State:
            self.first_calls += 1
            return {}

        async def second(state: State) -> State:
            text = state["messages"][-1].text
            self.reached.set()
            await self.go.wait()
            if text == "fail":
                raise RuntimeError("no luck")
            if error := self.raises.get(text):
                raise error
            if text == "ask":
                text = interrupt({"question": "What shall I do?", "context": {"what": "it"}})
            if text == "ask twice":
                told: str = f"{interrupt('What?')} {interrupt('When?')}"
                return {"messages": [AIMessage(told)]}
            return {"messages": [AIMessage(f"echo {text}", id=f"{state['messages'][-1].id}-reply")]}

        graph = StateGraph(State)
        graph.add_node("first", first)
        graph.add_node("second", second)
        graph.add_edge(START, "first")
        graph.add_edge("first", "second")
        graph.add_edge("second", END)
        return graph


class Letters:
    def __init__(self) -> None:
        self.reasons: list[str] = []

    async def put(self, work: Recorded, reason: str) -> None:
        self.reasons.append(reason)


class Bench:
    """A log, and any number of runners on it."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.author = Author(source="test")
        self.inbox = Inbox(self.log, self.author)
        self.echo = Echo()
        self.letters = Letters()

    def runner(self, **settings: Any) -> Worker:
        saver = LogCheckpointSaver(self.log, self.author)
        graph = Served(self.echo.build()).on(saver)
        return Worker(
            self.log,
            MemoryLive(),
            self.author,
            saver,
            {"echo": graph},
            self.letters,
            RunnerSettings(**{"show_errors": True} | settings),
        )

    async def say(self, text: str, graph: str = "echo") -> Recorded:
        message = MessageReceived(addressee="x", text=text, protocol="agent", message_id=text)
        opening = ConversationStarted(responder_name="agent-runner", graph=graph, protocol="agent")
        receipt = await self.inbox.receive(KEY, message, opening)
        return await self.at(receipt.sequence)

    async def at(self, sequence: int) -> Recorded:
        found = await self.log.next(KEY, ">", after=sequence - 1)
        assert found
        return found

    async def until(self, kind: type[Event], after: int) -> None:
        async with self.log.follow(KEY, after=after) as events:
            async for event in events:
                if isinstance(event.event, kind):
                    return

    async def events(self, *kinds: type[Event]) -> list[Any]:
        return [e.event async for e in self.log.read(KEY) if isinstance(e.event, kinds)]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with asyncio.timeout(WAIT_SECONDS):
        yield Bench()


async def test_a_message_is_answered(bench: Bench) -> None:
    work = await bench.say("hello")
    await bench.runner().answer(work)

    kinds = [type(event) for event in await bench.events(Event)]
    assert kinds[:3] == [ConversationStarted, MessageReceived, RunStarted]
    assert kinds[-1] is RunCompleted
    (end,) = await bench.events(RunCompleted)
    assert (end.text, end.run_id, end.message_sequence) == ("echo hello", work.id, work.sequence)


async def test_a_step_and_the_state_after_it_are_one_event(bench: Bench) -> None:
    await bench.runner().answer(await bench.say("hello"))

    events = [recorded.event async for recorded in bench.log.read(KEY)]
    steps = [event for event in events if isinstance(event, NodeCompleted)]
    assert len(steps) == 2
    assert all(step.checkpoints for step in steps)
    assert not any(isinstance(event, CheckpointSaved) for event in events)


async def test_answered_messages_are_not_answered_again(bench: Bench) -> None:
    work = await bench.say("hello")
    runner = bench.runner()
    await runner.answer(work)
    before = await bench.log.position()
    await runner.answer(work)
    await bench.runner().answer(work)
    assert await bench.log.position() == before


async def test_who_remembers_a_conversation_takes_over_what_another_has_begun_since(bench: Bench) -> None:
    remembering = bench.runner()
    await remembering.answer(await bench.say("hello"))
    work = await bench.say("go on")
    bench.echo.reached.clear()
    bench.echo.go.clear()
    killed = asyncio.create_task(bench.runner().answer(work))
    await bench.until(NodeCompleted, after=work.sequence)
    killed.cancel()
    await asyncio.wait({killed})
    bench.echo.go.set()
    await remembering.answer(work, again=True)
    assert [end.attempt for end in await bench.events(*ENDS)] == [1, 2]


async def test_who_holds_the_oldest_message_answers_those_behind_it(bench: Bench) -> None:
    one, other = bench.runner(), bench.runner()
    bench.echo.go.clear()
    first = await bench.say("1")
    async with asyncio.TaskGroup() as group:
        group.create_task(one.answer(first))
        await bench.echo.reached.wait()
        for text in ("2", "3"):
            assert await other.answer(await bench.say(text)), "it need not be delivered again"
        assert await one.answer(await bench.say("4"))
        assert await bench.events(*ENDS) == []
        assert one.heads == {first.conversation: first.sequence}
        bench.echo.go.set()
    assert [end.text for end in await bench.events(RunCompleted)] == [f"echo {number}" for number in "1234"]
    assert one.heads == {}
    before = await bench.log.position()
    assert await other.answer(first)
    assert await bench.log.position() == before


async def test_who_is_delivered_what_a_dead_one_held_goes_on_with_what_waited(bench: Bench) -> None:
    first = await bench.say("1")
    await bench.runner().answer(first)
    await bench.say("2")
    await bench.say("3")
    assert await bench.runner().answer(first, again=True)
    assert [end.text for end in await bench.events(RunCompleted)] == ["echo 1", "echo 2", "echo 3"]


async def test_who_is_to_end_begins_no_other_message(bench: Bench) -> None:
    runner = bench.runner()
    bench.echo.go.clear()
    running = asyncio.create_task(runner.answer(await bench.say("1")))
    await bench.echo.reached.wait()
    await runner.answer(await bench.say("2"))
    runner.stop()
    bench.echo.go.set()
    with pytest.raises(Stopped):
        await running
    assert [end.text for end in await bench.events(RunCompleted)] == ["echo 1"]


async def test_what_ended_a_process_counts_as_an_attempt(bench: Bench) -> None:
    """A node that never gives the event loop back lets nothing be appended after it has begun."""
    bench.echo.go.clear()
    work = await bench.say("hello")
    running = asyncio.create_task(bench.runner().answer(work, again=True))
    await bench.echo.reached.wait()
    assert [started.attempt for started in await bench.events(RunStarted)] == [1]
    running.cancel()


async def test_a_runner_that_lost_its_run_writes_nothing_more(bench: Bench) -> None:
    bench.echo.go.clear()
    work = await bench.say("hello")
    lost = asyncio.create_task(bench.runner().answer(work))
    await bench.echo.reached.wait()
    await bench.until(NodeCompleted, after=work.sequence)
    bench.echo.reached.clear()
    successor = asyncio.create_task(bench.runner().answer(work))
    await bench.echo.reached.wait()
    bench.echo.go.set()
    await asyncio.wait([lost, successor])

    outcomes = [task.exception() for task in (lost, successor)]
    assert outcomes[1] is None
    assert isinstance(outcomes[0], Superseded)
    assert [event.attempt for event in await bench.events(RunStarted)] == [1, 2]
    (end,) = await bench.events(*ENDS)
    assert (end.text, end.attempt) == ("echo hello", 2)
    assert bench.echo.first_calls == 1, "what was checkpointed is not done again"


async def test_what_comes_to_a_runner_that_has_lost_its_run_is_left_to_others(bench: Bench) -> None:
    """It does not know yet that it was replaced, and nobody else would be delivered that."""
    bench.echo.go = held = asyncio.Event()
    work = await bench.say("hello")
    runner = bench.runner()
    lost = asyncio.create_task(runner.answer(work))
    await bench.echo.reached.wait()
    bench.echo.go = asyncio.Event()
    bench.echo.go.set()
    await bench.runner().answer(work)
    later = await bench.say("and now")
    assert not await runner.answer(later)

    held.set()
    with pytest.raises(Superseded):
        await lost
    assert [end.text for end in await bench.events(RunCompleted)] == ["echo hello"]
    assert await bench.runner().answer(later, again=True)
    assert [end.text for end in await bench.events(RunCompleted)] == ["echo hello", "echo and now"]


async def test_what_comes_while_a_runner_waits_for_its_first_look_is_not_needed_again(bench: Bench) -> None:
    """What was answered elsewhere before is nobody's taking over."""
    await bench.runner().answer(await bench.say("hello"))
    runner = bench.runner()
    first = asyncio.create_task(runner.answer(await bench.say("1")))
    await asyncio.sleep(0)
    assert await runner.answer(await bench.say("2"))
    await first
    assert [end.text for end in await bench.events(RunCompleted)] == ["echo hello", "echo 1", "echo 2"]


async def test_a_message_that_is_taken_over_answers_no_question_that_was_answered(bench: Bench) -> None:
    runner = bench.runner()
    await runner.answer(await bench.say("ask"))
    await runner.answer(await bench.say("do it"))
    work = await bench.say("hello")
    died = RunStarted(run_id=work.id, message_sequence=work.sequence, graph="echo")
    await bench.log.append([bench.author.envelope(KEY, died)], expected=work.sequence)
    await bench.runner().answer(work)
    assert [end.text for end in await bench.events(RunCompleted)] == ["echo do it", "echo hello"]


async def test_an_answer_that_is_taken_over_answers_its_question(bench: Bench) -> None:
    await bench.runner().answer(await bench.say("ask"))
    work = await bench.say("do it")
    died = RunStarted(run_id=work.id, message_sequence=work.sequence, graph="echo")
    await bench.log.append([bench.author.envelope(KEY, died)], expected=work.sequence)
    await bench.runner().answer(work)
    (end,) = await bench.events(RunCompleted)
    assert end.text == "echo do it"


@pytest.mark.parametrize("died", [False, True])
async def test_a_double_answer_does_not_answer_the_next_question(bench: Bench, died: bool) -> None:
    runner = bench.runner()
    await runner.answer(await bench.say("ask twice"))
    for number in range(2):
        resume = RunRequested(
            addressee="x", protocol="langgraph", command={"resume": "now"}, message_id=str(number)
        )
        opening = ConversationStarted(responder_name="agent-runner", graph="echo", protocol="langgraph")
        await bench.inbox.receive(KEY, resume, opening)
    asked = [event async for event in bench.log.read(KEY) if isinstance(event.event, RunRequested)]
    bench.echo.go.clear()
    bench.echo.reached.clear()
    running = asyncio.create_task(runner.answer(asked[0]))
    await bench.echo.reached.wait()
    runner.stop()
    bench.echo.go.set()
    with pytest.raises(Stopped):
        await running
    if died:
        begun = RunStarted(run_id=asked[1].id, message_sequence=asked[1].sequence, graph="echo")
        await bench.log.append([bench.author.envelope(KEY, begun)], expected=await bench.log.tail(KEY))
    await bench.runner().answer(asked[1])
    assert [end.question for end in await bench.events(RunInterrupted)] == ["What?", "When?"]
    (end,) = await bench.events(RunCompleted)
    assert end.run_id == asked[1].id
    assert "now" not in end.text


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_graph_that_is_a_node_elsewhere_goes_on_with_the_one_around_it(
    bench: Bench, is_answered: bool
) -> None:
    await bench.runner().answer(await bench.say("ask"))
    (asked,) = await bench.events(RunInterrupted)
    said = {asked.interrupt_id: "do it"} if is_answered else {"another": "no"}
    around = {"__pregel_resuming": True, "__pregel_resume_map": said}
    request = RunRequested(
        addressee="x", protocol="langgraph", input={"messages": []}, config={"configurable": around}
    )
    opening = ConversationStarted(responder_name="agent-runner", graph="echo", protocol="langgraph")
    await bench.runner().answer(await bench.at((await bench.inbox.receive(KEY, request, opening)).sequence))
    assert [end.text for end in await bench.events(RunCompleted)] == (["echo do it"] if is_answered else [])
    assert len(await bench.events(RunInterrupted)) == (1 if is_answered else 2)
    assert bench.echo.first_calls == 1


async def test_a_node_that_raises_ends_the_run_and_the_next_message_works(bench: Bench) -> None:
    runner = bench.runner()
    await runner.answer(await bench.say("fail"))
    await runner.answer(await bench.say("hello"))
    failed, completed = await bench.events(*ENDS)
    assert (failed.error, failed.code) == ("no luck", "RuntimeError")
    assert completed.text == "echo hello"


class Odd(BaseException):
    """What no `except Exception` catches."""


@pytest.mark.parametrize(
    "error",
    [SystemExit(1), KeyboardInterrupt(), Odd("odd"), asyncio.CancelledError(), RuntimeError("half \ud83d")],
    ids=lambda error: type(error).__name__,
)
async def test_whatever_a_node_raises_ends_its_run_alone_and_at_once(
    bench: Bench, error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)  # pytest cannot pass half a character on from one process to another
    keep_running(asyncio.get_running_loop())
    bench.echo.raises["odd"] = error
    runner = bench.runner()
    await runner.answer(await bench.say("odd"))
    await runner.answer(await bench.say("hello"))
    failed, completed = await bench.events(*ENDS)
    assert isinstance(failed, RunFailed)
    assert failed.attempt == 1
    assert completed.text == "echo hello"


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), Odd("odd"), asyncio.CancelledError()])
async def test_whatever_a_node_raises_ends_a_run_that_is_not_kept(bench: Bench, error: BaseException) -> None:
    keep_running(asyncio.get_running_loop())
    bench.echo.raises["odd"] = error
    served = Served(bench.echo.build())
    with pytest.raises(Exception, match=f"raised .*{type(error).__name__}"):
        await run_once(served, "odd", 10)
    assert (await run_once(served, "hello", 10))[-1].text == "echo hello"


async def test_a_question_is_answered_by_another_runner(bench: Bench) -> None:
    await bench.runner().answer(await bench.say("ask"))
    (asked,) = await bench.events(RunInterrupted)
    assert (asked.question, asked.questions[0].context) == ("What shall I do?", {"what": "it"})

    answer = AnswerReceived(
        addressee="x", interrupt_id=asked.interrupt_id, protocol="octo", response="please"
    )
    receipt = await bench.inbox.answer(KEY, answer)
    await bench.runner().answer(await bench.at(receipt.sequence))
    (end,) = await bench.events(RunCompleted)
    assert (end.text, end.run_id) == ("echo please", receipt.run_id)


async def test_the_next_message_is_the_answer_in_words(bench: Bench) -> None:
    runner = bench.runner()
    await runner.answer(await bench.say("ask"))
    await runner.answer(await bench.say("do it"))
    (end,) = await bench.events(RunCompleted)
    assert end.text == "echo do it"


async def test_a_message_sent_before_the_question_does_not_answer_it(bench: Bench) -> None:
    runner = bench.runner()
    first, second = await bench.say("ask"), await bench.say("yes")
    await runner.answer(first)
    await runner.answer(second)
    (end,) = await bench.events(RunCompleted)
    assert end.text == "echo yes"
    assert (await bench.events(RunStarted))[1].run_id == second.id


@pytest.mark.parametrize("times", [1, 2])
async def test_a_cancelled_run_ends_in_its_own_attempt(bench: Bench, times: int) -> None:
    runner = bench.runner()
    bench.echo.go.clear()
    work = await bench.say("hello")
    running = asyncio.create_task(runner.answer(work))
    await bench.echo.reached.wait()
    await bench.until(NodeCompleted, after=work.sequence)
    for _ in range(times):
        await bench.inbox.cancel(KEY)
    runner.look(KEY)
    await running
    bench.echo.go.set()
    await runner.answer(await bench.say("again"))
    cancelled, completed = await bench.events(*ENDS)
    assert isinstance(cancelled, RunCancelled)
    assert cancelled.attempt == 1
    assert completed.text == "echo again"


class Crossing(MemoryLog):
    """A log in which a person stops the run in the moment before its end is appended, again and again."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times

    async def append(self, envelopes: Sequence[Envelope], *, expected: int) -> tuple[Recorded, ...]:
        end = envelopes[-1].event
        if isinstance(end, ENDS) and self._times:
            self._times -= 1
            cancel = Author(source="a person").envelope(KEY, CancelRequested(run_id=end.run_id))
            await super().append([cancel], expected=await self.tail(KEY))
        return await super().append(envelopes, expected=expected)


@pytest.mark.parametrize("text", ["hello", "fail"])
@pytest.mark.parametrize("times", [1, 3])
async def test_a_run_that_is_stopped_as_it_ends_has_one_end(bench: Bench, text: str, times: int) -> None:
    bench.log = Crossing(times)
    bench.inbox = Inbox(bench.log, bench.author)
    await bench.runner().answer(await bench.say(text))
    (end,) = await bench.events(*ENDS)
    assert isinstance(end, RunCancelled)
    assert end.attempt == 1


async def test_a_run_of_a_deleted_conversation_stops(bench: Bench) -> None:
    runner = bench.runner()
    bench.echo.go.clear()
    work = await bench.say("hello")
    running = asyncio.create_task(runner.answer(work))
    await bench.echo.reached.wait()
    await bench.inbox.delete(KEY)
    runner.look(KEY)
    await running
    assert await bench.events(*ENDS) == []


async def test_a_run_that_takes_too_long_is_failed(bench: Bench) -> None:
    bench.echo.go.clear()
    await bench.runner(run_timeout=0.2).answer(await bench.say("hello"))
    (end,) = await bench.events(RunFailed)
    assert end.error == "the run took too long"


async def test_an_unknown_graph_is_refused(bench: Bench) -> None:
    await bench.runner().answer(await bench.say("hello", graph="none"))
    (end,) = await bench.events(RunFailed)
    assert end.error == "there is no graph 'none'"


async def test_a_message_tried_too_often_is_a_dead_letter(bench: Bench) -> None:
    work = await bench.say("hello")
    started = RunStarted(run_id=work.id, message_sequence=work.sequence, attempt=5)
    await bench.log.append([bench.author.envelope(KEY, started)], expected=work.sequence)
    await bench.runner(max_attempts=5).answer(work)
    (end,) = await bench.events(RunFailed)
    assert "5 attempts" in end.error
    assert bench.letters.reasons == [end.error]


async def test_a_deleted_conversation_is_left_alone(bench: Bench) -> None:
    work = await bench.say("hello")
    await bench.inbox.delete(KEY)
    before = await bench.log.position()
    await bench.runner().answer(work)
    assert await bench.log.position() == before
