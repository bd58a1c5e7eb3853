"""Runs LangGraph graphs over the log. Begin at `app`; a message goes through `handlers`, `worker`, `run`."""
