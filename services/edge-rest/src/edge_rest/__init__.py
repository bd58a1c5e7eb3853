"""Serves the REST protocols. Begin at `app`; each protocol is a router of its own."""
