"""Terminates the WebSocket protocols. Begin at `app`; each protocol has a pure dialect and an endpoint."""
