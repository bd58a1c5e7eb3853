"""What agent-runner can be told by ``PARLEY_…`` variables."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RunnerSettings(BaseSettings):
    """All times in seconds.

    Attributes:
        model: chat model as ``provider:name``; empty for the embedded one.
        graphs: graphs to serve beside the built-in ones, ``name=module:attribute,…``.
        tools_dir: a folder of contacts, datasets, notes and templates, instead of the sample data.
        mcp_config: a JSON file that names MCP servers.
        takeover_after: how long a runner may be silent before another takes its work over.
        run_timeout: how long one attempt at a run may take.
        max_attempts: how often a run is taken over before it is given up.
        default_graph: the graph of conversations that name none.
        concurrent_runs: runs at the same time in this process.
    """

    model_config = SettingsConfigDict(env_prefix="PARLEY_", extra="ignore")

    model: str = ""
    graphs: str = ""
    default_graph: str = "planner"
    tools_dir: Path | None = None
    mcp_config: Path | None = None
    takeover_after: float = Field(default=2.0, ge=0.5)
    run_timeout: float = Field(default=600.0, gt=0)
    max_attempts: int = Field(default=5, ge=1)
    concurrent_runs: int = Field(default=64, ge=1)
