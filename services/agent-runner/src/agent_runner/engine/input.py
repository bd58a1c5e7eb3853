"""What a graph is given for a message or an answer."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from agent_runner.engine.answers import NotTaken, shaped
from agent_runner.engine.assignment import Assignment
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.consent import verdict
from agent_runner.engine.fitting import Intake
from agent_runner.engine.options import command_of, with_ids
from agent_runner.engine.spoken import corrections
from contracts.events import AnswerReceived, MessageReceived, Question, RunRequested
from eventlog.author import derived_id
from eventlog.ports import Log

NOTHING: Final = object()
"""There is nothing to do for the graph."""

_ID: Final = re.compile(r"[0-9a-f]{32}")
_RESUMING: Final = "__pregel_resuming"
_RESUME_MAP: Final = "__pregel_resume_map"
"""By these a ``RemoteGraph`` that is a node tells, in ``configurable``, that the graph around it goes on, and
with which answers by question; it sends the node's state as input all the same."""


class Withdrawn(NotTaken):
    """What the work answers is not asked any more."""


@dataclass(frozen=True, slots=True)
class Declined:
    """A person did not let the graph go on.

    Attributes:
        reply: what the run ends with.
    """

    reply: str


async def input_of(
    assignment: Assignment,
    config: RunnableConfig,
    saver: LogCheckpointSaver,
    log: Log,
    intake: Callable[[], Intake],
) -> Any:
    """What to give the graph: the message, the answer, the input or command as it came, or None where it
    is to go on where it stands, as when the run has begun before; `NOTHING` where it is not even that, and
    `Declined` where a person would not have it.

    Raises:
        NotTaken: if the question does not take the answer.
        Unfit: if the graph takes no messages.
    """
    work = assignment.work
    begun = await saver.aget_tuple(config)
    if begun is not None and begun.metadata.get("run_id") == work.id:
        return None
    if isinstance(work.event, RunRequested):
        return _requested(assignment, work.event)
    if (said := _said(assignment)) is not None:
        return resume(assignment.questions, said)
    if not isinstance(work.event, MessageReceived):
        raise TypeError(f"cannot answer {work.event.type}")
    given = intake()(HumanMessage(composed(work.event.text), id=work.id), assignment.known)
    heard = await _heard(assignment, log, begun.checkpoint["channel_values"] if begun else {})
    return {**given, "messages": [*heard, *given["messages"]]} if heard else given


def resume(questions: tuple[Question, ...], said: Mapping[str, Any]) -> Any:
    """What makes the graph go on, from what was said to its questions, by id.

    Raises:
        NotTaken: if a question does not take what was said to it.
    """
    answered = [
        (question, said[question.interrupt_id]) for question in questions if question.interrupt_id in said
    ]
    for question, answer in answered:
        if question.kind == "breakpoint":
            return _go_on(question, answer)
    return Command(resume={question.interrupt_id: shaped(question, answer) for question, answer in answered})


def _said(assignment: Assignment) -> dict[str, Any] | None:
    """What the work says to open questions, by id; None if it answers none. Words answer the first."""
    event, questions = assignment.work.event, assignment.questions
    ids = [question.interrupt_id for question in questions]
    if isinstance(event, AnswerReceived):
        said = event.answers(ids)
        if not all(identity in ids for identity in said):
            raise Withdrawn("the question was withdrawn before the answer came")
        return said
    if isinstance(event, MessageReceived) and ids:
        return {ids[0]: composed(event.text)}
    return None


def _go_on(question: Question, said: Any) -> Any:
    decided = verdict(said) if isinstance(said, str) else said
    match decided:
        case True:
            return None
        case False:
            named = ", ".join(map(str, question.context.get("next", ())))
            return Declined(f"{named} 단계를 진행하지 않았습니다. / {named} was not carried out.")
        case _:
            raise NotTaken(f"yes or no: {question.question}")


def composed(text: str) -> str:
    """The text in NFC, as graphs read it; some systems send every letter in pieces."""
    return unicodedata.normalize("NFC", text)


def _requested(assignment: Assignment, request: RunRequested) -> Any:
    around = request.config.get("configurable") or {}
    if request.command is None and assignment.questions and around.get(_RESUMING) is True:
        said = around.get(_RESUME_MAP)
        known = [question.interrupt_id for question in assignment.questions]
        answers = {each: said[each] for each in known if each in said} if isinstance(said, dict) else {}
        return Command(resume=answers) if answers else None
    if request.command is None:
        return with_ids(request.input, assignment.work.id, derived_id)
    command = request.command
    if "resume" in command and assignment.outrun and not _names_questions(command["resume"]):
        # It was sent when another question, or none, was asked: it is no answer to what is asked now.
        command = {name: value for name, value in command.items() if name != "resume"}
    return command_of(command) if any(value is not None for value in command.values()) else NOTHING


def _names_questions(resume: Any) -> bool:
    return isinstance(resume, dict) and bool(resume) and all(_ID.fullmatch(str(key)) for key in resume)


async def _heard(assignment: Assignment, log: Log, values: Mapping[str, Any]) -> list[BaseMessage]:
    """What makes the state's messages those that were said and heard; only speech can differ."""
    since = assignment.spoken_since
    if since is None:
        return []
    work = assignment.work
    facts = log.read(work.conversation, after=since, until=work.sequence, pattern="voice.>")
    messages = values.get("messages")
    return corrections(messages if isinstance(messages, list) else [], [fact async for fact in facts])
