"""LangGraph checkpoints over the log. Read `thread` (what events come to), `deciding` (what is stored),
`threads` (how it is read), `staging` (inside a run), then `saver`."""

from agent_runner.engine.checkpointer.saver import LogCheckpointSaver
from agent_runner.engine.checkpointer.settings import CheckpointSettings
from agent_runner.engine.checkpointer.staging import Stage

__all__ = ["CheckpointSettings", "LogCheckpointSaver", "Stage"]
