"""The answer to a question that a user's graph raised at."""

import logging
from typing import Literal
from uuid import uuid4

from agent_runner.engine.faults import kind_of, language_of, reason, told
from contracts.queries import Failure

logger = logging.getLogger(__name__)


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
    where = None if kind_of(error) else error
    logger.warning("%s failed (error %s): %s", asked, error_id, reason(error), exc_info=where)
    return Failure(failure=kind, message=told(error, language_of(said), None if shows else error_id))
