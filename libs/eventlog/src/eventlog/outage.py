"""What tells that NATS cannot be reached, whichever library notices first."""

from typing import Final

from nats.errors import Error

OUTAGE: Final = (Error, OSError, RuntimeError)
"""RuntimeError is what uvloop says of a connection that broke a moment ago, before the client has noticed."""
