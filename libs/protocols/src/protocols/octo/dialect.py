"""The octo protocol: messages, answers and cancels in; node events, questions and results out.

What a client sees of a run comes from two sides: node starts and all of a subgraph's nodes are live deltas,
all else is in the log. `Narration` puts them into one order, in which a node's start never comes behind its
end.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from contracts.envelope import Recorded
from contracts.events import (
    ENDS,
    NodeCompleted,
    Question,
    RunCancelled,
    RunCompleted,
    RunEvent,
    RunFailed,
    RunInterrupted,
)
from contracts.live import NODE_ENDED, NODE_STARTED, WITHIN, Delta
from contracts.trace import CUSTOM_EVENT
from protocols.octo.wire import (
    FAILED,
    NODE_STARTS,
    Cancel,
    ChainEnd,
    ChainStart,
    ClientFrame,
    CustomEvent,
    Failed,
    Finished,
    Frame,
    HitlRequest,
    HumanResponse,
    Say,
    SayContent,
)

_ENDED_RUNS: Final = 64
_TOLD: Final = (NODE_STARTED, NODE_ENDED, CUSTOM_EVENT)
_FRAMES: Final[dict[object, type[ClientFrame]]] = {
    None: Say,
    "message": SayContent,
    "human_response": HumanResponse,
    "cancel": Cancel,
}


class NotUnderstood(ValueError):
    """A frame that is none of the protocol's; the text names the field."""


def decode(text: str) -> Say | HumanResponse | Cancel:
    """What a client says; both shapes of a message come out as `Say`.

    Raises:
        NotUnderstood: with a reason that names the field.
    """
    try:
        frame = from_json(text)
    except ValueError as error:
        raise NotUnderstood(f"the frame is not JSON: {error}") from None
    if not isinstance(frame, dict):
        raise NotUnderstood("the frame must be a JSON object")
    kind = frame.get("type")
    model = _FRAMES.get(kind) if isinstance(kind, str | None) else None
    if model is None:
        raise NotUnderstood("type: must be 'message', 'human_response' or 'cancel', or be left out")
    command = _validated(model, frame)
    match command:
        case SayContent(content=content, output_format=output_format, message_id=message_id):
            return Say(message=content, output_format=output_format, message_id=message_id)
        case HumanResponse(approve=None, response=None):
            raise NotUnderstood("approve: either approve or response is needed")
        case _:
            return command


def _validated(model: type[ClientFrame], frame: dict[str, object]) -> ClientFrame:
    try:
        return model.model_validate(frame)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field_name = ".".join(map(str, first["loc"]))
        raise NotUnderstood(f"{field_name}: {first['msg']}") from None


def failed(reason: str) -> Failed:
    """The frame for anything that went wrong."""
    return Failed(error=FAILED.format(reason))


def asked(question: Question) -> HitlRequest:
    """The frame that asks a person."""
    context = question.context | {"interrupt_id": question.interrupt_id}
    if question.response_schema is not None:
        context["response_schema"] = question.response_schema
    return HitlRequest(message=question.question, context=context)


_Node: TypeAlias = tuple[int, str]
"""A node's super-step and name."""


@dataclass(slots=True)
class _Run:
    """What has been said of one attempt at a run, in numbers of starts and ends by node.

    Attributes:
        logged: an event of it has been seen; until then, nodes may be running that nobody told of.
        announced: starts that came as deltas.
        running: which nodes were shown to start and not to end, and how often, by super-step.
        nested: nodes within which others were told of.
        held: announced starts, what nodes said, and ends within subgraphs, that are not shown yet.
    """

    logged: bool = False
    announced: Counter[_Node] = field(default_factory=Counter)
    shown: Counter[_Node] = field(default_factory=Counter)
    ended: Counter[_Node] = field(default_factory=Counter)
    running: dict[int, Counter[str]] = field(default_factory=dict)
    nested: set[_Node] = field(default_factory=set)
    held: deque[tuple[_Node, Frame | None]] = field(default_factory=deque)

    def start(self, node: _Node) -> ChainStart:
        """Show that a node starts."""
        step, name = node
        self.shown[node] += 1
        self.running.setdefault(step, Counter())[name] += 1
        return _start(name)

    def end(self, node: _Node, data: Any) -> ChainEnd:
        """Show that a node has ended."""
        step, name = node
        self.ended[node] += 1
        running = self.running[step]
        running[name] -= 1
        if not running[name]:
            del running[name]
        if not running:
            del self.running[step]
        return ChainEnd(node=name, data=data)

    def close(self) -> Iterator[Frame]:
        """The ends of nodes that stopped without one: they asked, raised, or went with their runner."""
        self.held.clear()
        for step in list(self.running):
            yield from self._stop(step, self.running[step])

    def close_within(self, node: _Node) -> Iterator[Frame]:
        """The ends of a subgraph's nodes that are missing when the node that it is ends."""
        if node not in self.nested:
            return
        self.nested.remove(node)
        self.held = deque(each for each in self.held if not _is_within(each[0], node))
        step = node[0]
        inner = {name: n for name, n in self.running.get(step, {}).items() if _is_within((step, name), node)}
        yield from self._stop(step, inner)

    def running_as(self, node: _Node) -> int:
        """How many of a node were announced or shown, and have not ended."""
        return max(self.announced[node], self.shown[node]) - self.ended[node]

    def _stop(self, step: int, running: Mapping[str, int]) -> Iterator[Frame]:
        """End nodes of a super-step, those of subgraphs before what they are in."""
        for name, count in sorted(running.items(), key=lambda each: each[0].count(WITHIN), reverse=True):
            for _ in range(count):
                yield self.end((step, name), {})


class Narration:
    """All runs of a conversation as one connection sees them.

    A node's start is held back until the nodes of earlier super-steps and the runs before have ended;
    where its delta is missing or late, it is shown with the node's end.
    """

    def __init__(self) -> None:
        self._runs: dict[str, dict[int, _Run]] = {}
        """By their attempts: the one that the log tells of, and newer ones that only deltas have told of."""
        self._ended: deque[str] = deque(maxlen=_ENDED_RUNS)

    def delta(self, delta: Delta) -> Iterator[Frame]:
        """The frames that a live delta stands for, and those that waited for it."""
        if delta.kind not in _TOLD or delta.run_id in self._ended:
            return
        attempts = self._runs.setdefault(delta.run_id, {})
        if _is_past(delta.attempt, attempts):
            return
        run = attempts.setdefault(delta.attempt, _Run())
        node = (delta.data["step"], delta.data["node"])
        if WITHIN in node[1]:
            if not run.running_as(_outer(node)):
                return
            run.nested.add(_outer(node))
        if delta.kind == CUSTOM_EVENT:
            run.held.append((node, CustomEvent(node=node[1], data=delta.data["data"])))
        elif delta.kind == NODE_ENDED:
            run.held.append((node, ChainEnd(node=node[1], data=delta.data["update"] or {})))
        else:
            run.announced[node] += 1
            if run.announced[node] <= run.shown[node]:
                return
            run.held.append((node, None))
        yield from self._release()

    def event(self, recorded: Recorded) -> Iterator[Frame]:
        """The frames that an event stands for, and those that waited for it."""
        event = recorded.event
        if not isinstance(event, RunEvent):
            return
        attempts = self._runs.setdefault(event.run_id, {})
        if _is_past(event.attempt, attempts):
            return
        for earlier in [each for each in attempts if each < event.attempt]:
            yield from attempts.pop(earlier).close()
        run = attempts.setdefault(event.attempt, _Run())
        run.logged = True
        if isinstance(event, NodeCompleted):
            yield from _completed(run, event)
        if isinstance(event, ENDS):
            yield from run.close()
            del self._runs[event.run_id]
            self._ended.append(event.run_id)
            yield from _end(event)
        yield from self._release()

    def _release(self) -> Iterator[Frame]:
        if not self._runs:
            return
        run = next((run for run in next(iter(self._runs.values())).values() if run.logged), None)
        if run is None:
            return
        while run.held:
            node, said = run.held[0]
            if any(step < node[0] for step in run.running):
                return
            run.held.popleft()
            if isinstance(said, ChainEnd):
                if run.shown[node] > run.ended[node]:
                    yield run.end(node, said.data)
            elif said is not None:
                yield said
            elif run.shown[node] < run.announced[node]:
                yield run.start(node)


def _outer(node: _Node) -> _Node:
    """The node of the graph that a subgraph's node is in."""
    return node[0], node[1].partition(WITHIN)[0]


def _is_within(inner: _Node, node: _Node) -> bool:
    return inner != node and _outer(inner) == node


def _is_past(attempt: int, attempts: Mapping[int, _Run]) -> bool:
    """Whether the log tells of a newer one."""
    return any(newer > attempt and run.logged for newer, run in attempts.items())


def _completed(run: _Run, event: NodeCompleted) -> Iterator[Frame]:
    node = (event.step, event.node)
    if run.shown[node] == run.ended[node]:
        yield run.start(node)
    if run.running_as(node) <= 1:
        yield from run.close_within(node)
    yield run.end(node, {} if event.update is None else event.update)


def _start(node: str) -> ChainStart:
    return ChainStart(node=node, data=NODE_STARTS.format(node.replace("_", " ").title()))


def _end(event: BaseModel) -> Iterator[Frame]:
    match event:
        case RunInterrupted(questions=questions):
            yield from map(asked, questions)
        case RunCompleted(text=text, output=output, output_format=output_format):
            yield Finished(output_format=output_format or "chat", content=text if output is None else output)
        case RunFailed(error=error):
            yield failed(error)
        case RunCancelled():
            yield failed("실행이 취소되었습니다")
        case _:
            raise TypeError(f"{type(event).__name__} does not end a run")
