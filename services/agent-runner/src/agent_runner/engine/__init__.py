"""Runs any LangGraph graph over the log and knows none by name. Begin at `worker`, then `run`."""
