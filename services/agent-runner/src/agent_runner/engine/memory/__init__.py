"""LangGraph's long-term store over the log: `store` is what graphs are given."""

from agent_runner.engine.memory.indexing import Index, index_of
from agent_runner.engine.memory.store import LogStore

__all__ = ["Index", "LogStore", "index_of"]
