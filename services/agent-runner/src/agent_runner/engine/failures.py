"""What becomes of an error that a user's graph raised: a line in the log, and an answer to who asked."""

import logging
from typing import Literal
from uuid import uuid4

from agent_runner.engine.answers import NotTaken
from agent_runner.engine.faults import kind_of, language_of, reason, told
from contracts.queries import Failure

logger = logging.getLogger(__name__)


def log_failure(what: str, error_id: str, error: Exception) -> None:
    """In one line for what a provider or the person did, else with where it happened."""
    where = None if kind_of(error) or isinstance(error, NotTaken) else error
    logger.warning("%s failed (error %s): %s", what, error_id, reason(error), exc_info=where)


def failure(
    error: Exception,
    asked: str,
    *,
    shows: bool,
    said: str = "",
    kind: Literal["internal", "invalid"] = "internal",
) -> Failure:
    """The log has it whole, the client a number unless it may read the text.

    Args:
        asked: what was asked for, for the log.
        shows: whether clients may read what graphs raise.
        said: what the person said, in whose language they are told.
    """
    error_id = uuid4().hex[:8]
    log_failure(asked, error_id, error)
    return Failure(failure=kind, message=told(error, language_of(said), None if shows else error_id))
