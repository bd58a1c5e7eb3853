"""What a graph is given for a message or an answer."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from agent_runner.engine.assignment import Assignment
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.options import command_of, with_ids
from agent_runner.engine.spoken import corrections
from contracts.events import AnswerReceived, MessageReceived, RunRequested
from eventlog.author import derived_id
from eventlog.ports import Log

NOTHING: Final = object()
"""There is nothing to do for the graph."""

_ID: Final = re.compile(r"[0-9a-f]{32}")


async def input_of(
    assignment: Assignment, config: RunnableConfig, saver: LogCheckpointSaver, log: Log
) -> Any:
    """What to give the graph: the message, the answer, the input or command as it came, or None where it
    is to go on where it stands, as when the run has begun before; `NOTHING` where it is not even that.

    Raises:
        ValueError: if the work answers a question that is not asked any more.
    """
    work = assignment.work
    begun = await saver.aget_tuple(config)
    if begun is not None and begun.metadata.get("run_id") == work.id:
        return None
    event, question = work.event, assignment.question
    if isinstance(event, RunRequested):
        return _requested(assignment, event)
    if isinstance(event, AnswerReceived):
        if question is None or question.interrupt_id != event.interrupt_id:
            raise ValueError("the question was withdrawn before the answer came")
        answer = {"approve": event.approve} if event.response is None else {"response": event.response}
        return Command(resume={question.interrupt_id: answer})
    if not isinstance(event, MessageReceived):
        raise TypeError(f"cannot answer {event.type}")
    if question is not None:
        return Command(resume={question.interrupt_id: {"response": composed(event.text)}})
    heard = await _heard(assignment, log, begun.checkpoint["channel_values"] if begun else {})
    return {"messages": [*heard, HumanMessage(composed(event.text), id=work.id)]}


def composed(text: str) -> str:
    """The text in NFC, as graphs read it; some systems send every letter in pieces."""
    return unicodedata.normalize("NFC", text)


def _requested(assignment: Assignment, request: RunRequested) -> Any:
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
