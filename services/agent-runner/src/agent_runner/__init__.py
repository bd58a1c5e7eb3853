"""Runs LangGraph graphs. Read `graphs.planner`, then `models.embedded` and `tools`."""
