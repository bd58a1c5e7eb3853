"""What people are told of a run that failed. Pure."""

from langgraph.errors import GraphRecursionError

from agent_runner.engine.answers import NotTaken
from agent_runner.engine.checkpointer.encoding import Unstorable
from eventlog.ports import TooLarge

_OURS = (NotTaken, Unstorable, TooLarge)
"""What they say was written for people."""


def told(error: BaseException, identity: str, *, whole: bool) -> str:
    """The sentence for whoever spoke to the graph; the log has all of it under the same `identity`.

    Args:
        whole: whether the text of what a node raised is for everybody, as in development.
    """
    if isinstance(error, TimeoutError):
        return "the run took too long"
    if isinstance(error, GraphRecursionError):
        return f"the graph did not come to an end within its limit of steps: {_first_line(error)}"
    if isinstance(error, _OURS):
        return str(error)
    if whole:
        return str(error) or type(error).__name__
    return f"답변하지 못했습니다 / the agent could not answer (error {identity})"


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
