"""What was said and heard aloud, brought into a graph's messages. Pure: messages and facts in, messages out.

A reply that the user interrupted counts only as far as it was heard. What a speech engine said or heard on
its own never went through the graph.
"""

from collections.abc import Iterable, Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from contracts.envelope import Recorded
from contracts.events import ReplySpoken, UserSpoke


def corrections(messages: Sequence[BaseMessage], facts: Iterable[Recorded]) -> list[BaseMessage]:
    """Messages to add; one with the id of a message in the state takes its place."""
    corrected: list[BaseMessage] = []
    for fact in facts:
        match fact.event:
            case UserSpoke(answered_by="engine", transcript=transcript) if transcript:
                corrected.append(HumanMessage(transcript, id=fact.id))
            case ReplySpoken(run_id=None) as spoken if spoken.generated:
                corrected.append(AIMessage(spoken.as_heard, id=fact.id))
            case ReplySpoken(cut=True, run_id=str(run_id)) as spoken:
                corrected.append(AIMessage(spoken.as_heard, id=_reply_of(messages, run_id) or fact.id))
    return corrected


def _reply_of(messages: Sequence[BaseMessage], run_id: str) -> str | None:
    """The id of the last thing the agent said in a run, whose message has the run's id."""
    reply = None
    is_in_run = False
    for message in messages:
        if isinstance(message, HumanMessage):
            is_in_run = message.id == run_id
        elif is_in_run and isinstance(message, AIMessage) and not message.tool_calls:
            reply = message.id
    return reply
