"""What a graph is given for a message or an answer."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from agent_runner.engine.assignment import Assignment
from agent_runner.engine.checkpointer import LogCheckpointSaver
from agent_runner.engine.spoken import corrections
from contracts.events import AnswerReceived, MessageReceived
from eventlog.ports import Log


async def input_of(
    assignment: Assignment, config: RunnableConfig, saver: LogCheckpointSaver, log: Log
) -> Any:
    """What to give the graph: the message, the answer, or nothing where the run has begun before.

    Raises:
        ValueError: if the work answers a question that is not asked any more.
    """
    work = assignment.work
    begun = await saver.aget_tuple(config)
    if begun is not None and begun.metadata.get("run_id") == work.id:
        return None
    event, question = work.event, assignment.question
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


async def _heard(assignment: Assignment, log: Log, values: Mapping[str, Any]) -> list[BaseMessage]:
    """What makes the state's messages those that were said and heard; only speech can differ."""
    since = assignment.spoken_since
    if since is None:
        return []
    work = assignment.work
    facts = log.read(work.conversation, after=since, until=work.sequence, pattern="voice.>")
    messages = values.get("messages")
    return corrections(messages if isinstance(messages, list) else [], [fact async for fact in facts])
