"""Runs LangGraph graphs over the log.

Begin at `app`; a message goes through `handlers`, `deliveries`, `worker` and `run`. The graphs
themselves know nothing of that: read `graphs.planner`, then `models.embedded` and `tools`.
"""
