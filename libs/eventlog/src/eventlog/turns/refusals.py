"""Why the inbox does not append what it is given."""

from eventlog.ports import TooMuch


class NotWaiting(Exception):
    """An answer to a question that is not, or no longer, asked."""


class Exists(Exception):
    """The conversation was begun before."""


class Missing(Exception):
    """There is no such conversation."""


class Busy(Exception):
    """A message that is not to wait came while a run was in progress."""


class NotRunning(Exception):
    """There is no run to cancel."""


class TooManyMessages(TooMuch):
    """So many messages of the conversation are unanswered that no more may wait."""
