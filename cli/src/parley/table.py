"""Every setting of the embedded stack in one table, which ``.env.example`` is written from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable: its name, the default as text and a line that explains it."""

    name: str
    default: str
    meaning: str


SETTINGS = (
    Setting(
        "PARLEY_DATA_DIR", ".parley", "Where the log, the projections and the generated secrets are kept."
    ),
    Setting("PARLEY_HOST", "127.0.0.1", "The address to listen on."),
    Setting(
        "PARLEY_ALLOW_INSECURE_BIND",
        "",
        "`yes` allows PARLEY_HOST to be an address that others can reach, though no API keys are set.",
    ),
    Setting("PARLEY_PORT", "8000", "The public port. Every protocol is served on every port."),
    Setting("PARLEY_QUOTE_PORT", "3001", "The quote protocol's own port."),
    Setting("PARLEY_AGENT_WS_PORT", "8765", "The agent WebSocket's own port."),
    Setting("PARLEY_AGENT_RUN_PORT", "8001", "The port of POST /agent/run."),
    Setting(
        "PARLEY_MODEL",
        "",
        "A chat model such as `openai:gpt-4o`. Empty: the embedded model, which needs no key.",
    ),
    Setting("PARLEY_GRAPHS", "", "Your own LangGraph graphs: `name=module:attribute`, comma separated."),
    Setting(
        "PARLEY_TOOLS_DIR",
        "",
        "A folder of contacts, datasets, notes and templates for the tools. Empty: the sample data.",
    ),
    Setting("PARLEY_MCP_CONFIG", "", "A JSON file that names MCP servers, whose tools are offered as well."),
    Setting("PARLEY_DEFAULT_GRAPH", "planner", "The graph that answers conversations that name none."),
    Setting("PARLEY_CONCURRENT_RUNS", "64", "Runs at the same time in one agent-runner."),
    Setting("PARLEY_RUN_TIMEOUT", "600", "Seconds that one attempt at a run may take."),
    Setting("PARLEY_TAKEOVER_AFTER", "2", "Seconds of silence after which another process takes a run over."),
    Setting("PARLEY_MAX_ATTEMPTS", "5", "How often a run is taken over before it is given up."),
    Setting(
        "PARLEY_CHECKPOINT_CACHED_CONVERSATIONS",
        "256",
        "Conversations whose newest state an agent-runner remembers.",
    ),
    Setting(
        "PARLEY_CHECKPOINT_SNAPSHOT_AFTER", "64", "Checkpoints after which a full state may be stored again."
    ),
    Setting(
        "PARLEY_CHECKPOINT_APPEND_ATTEMPTS",
        "20",
        "How often a checkpoint is decided again when others append too.",
    ),
    Setting(
        "PARLEY_CHECKPOINT_SCAN_IDLE",
        "5",
        "Seconds that a scan of the log waits for its end where events were erased.",
    ),
    Setting("PARLEY_OCTO_GRAPH", "planner", "The graph that answers sessions begun by the octo protocol."),
    Setting("PARLEY_ROOM_GRAPH", "chat", "The graph that answers rooms."),
    Setting("PARLEY_AGENT_GRAPH", "planner", "The graph that answers chats begun by the agent protocol."),
    Setting("PARLEY_MAX_BODY", "1048576", "Bytes of a request body; a larger one is refused."),
    Setting(
        "PARLEY_MAX_FRAME",
        "1048576",
        "Bytes of a frame; a larger one is refused, and the connection goes on.",
    ),
    Setting(
        "PARLEY_MAX_WEBSOCKET_MESSAGE", "16777216", "Bytes of a frame; a larger one ends the connection."
    ),
    Setting(
        "PARLEY_SEND_TIMEOUT", "30", "Seconds that a client may leave something unread before it is cut off."
    ),
    Setting("PARLEY_PING_INTERVAL", "20", "Seconds between probes of an idle WebSocket."),
    Setting("PARLEY_QUERY_TIMEOUT", "5", "Seconds that a question to another service may take."),
    Setting(
        "PARLEY_NEEDS",
        "edge-ws,agent-runner,quote-engine,history-store",
        "The services without which /health answers 503.",
    ),
    Setting(
        "PARLEY_QUOTATIONS",
        "",
        "Your own quotations, one JSON object a line. Empty: the collection that comes with Parley.",
    ),
    Setting(
        "PARLEY_QUOTE_WAIT", "3", "How many seconds the fourth message of a quote talk waits for its reply."
    ),
    Setting("PARLEY_QUOTE_HEARTBEAT", "15", "Seconds between comments that keep an event stream alive."),
    Setting("PARLEY_QUOTE_RETRY", "1", "Seconds after which a browser opens an ended event stream again."),
    Setting(
        "PARLEY_QUOTE_STREAM_LIMIT", "900", "Seconds after which an event stream ends; browsers come back."
    ),
    Setting(
        "PARLEY_MODEL_PATIENCE",
        "10",
        "Seconds that the chat model has to read a quote talk before the rules answer alone.",
    ),
    Setting(
        "PARLEY_HISTORY_PATIENCE",
        "5",
        "Seconds that history-store has to tell which quotations a user knows.",
    ),
    Setting(
        "PARLEY_CONCURRENT_REPLIES",
        "64",
        "Replies of quote talks in the making at the same time in one process.",
    ),
    Setting("PARLEY_VOICE", "local", "The voice engine: `local`, `cascade` or `openai-realtime`."),
    Setting(
        "PARLEY_VOICE_URL", "", "The OpenAI-compatible speech service of `cascade` and `openai-realtime`."
    ),
    Setting("PARLEY_VOICE_KEY", "", "Its key."),
    Setting("PARLEY_TRANSCRIPTION_MODEL", "gpt-4o-mini-transcribe", "What it puts speech into text with."),
    Setting("PARLEY_SPEECH_MODEL", "gpt-4o-mini-tts", "What `cascade` speaks with."),
    Setting("PARLEY_REALTIME_MODEL", "gpt-realtime", "What `openai-realtime` talks with."),
    Setting(
        "PARLEY_VOICE_INSTRUCTIONS",
        "You are a helpful voice assistant. Answer in the language the user speaks, in one to three short "
        "sentences that are easy to follow by ear, without lists, markup or emoji. Use the tools for "
        "contacts, data, documents and notes, and say so when they give no answer; never make one up.",
        "What that model is told about its part.",
    ),
    Setting("PARLEY_VAD", "true", "`false`: voice clients end their turns by hand."),
    Setting("PARLEY_VAD_THRESHOLD", "0.5", "Probability of speech from which audio counts as speech."),
    Setting("PARLEY_VAD_PREFIX_MS", "300", "Milliseconds before the detected start that belong to a turn."),
    Setting("PARLEY_VAD_SILENCE_MS", "256", "Milliseconds of silence that end a turn (see docs/voice.md)."),
    Setting(
        "PARLEY_KEEP_AUDIO", "false", "`true`: what is said in voice sessions is kept in the object store."
    ),
    Setting(
        "PARLEY_VOICE_SESSIONS", "16", "Voice sessions that one process holds at most (see docs/voice.md)."
    ),
    Setting("PARLEY_REPLY_TIMEOUT", "60", "Seconds for which the agent of a voice session may be silent."),
    Setting(
        "PARLEY_REOPEN_TIMEOUT", "30", "Seconds that a voice client waits for a replica of voice-bridge."
    ),
    Setting(
        "PARLEY_VOICE_FRAME_RATE", "200", "Frames a second that a voice client may send in the long run."
    ),
    Setting("PARLEY_VOICE_FRAME_BURST", "1000", "Frames that it may send at once."),
    Setting("PARLEY_VOICE_SPEED", "4", "Audio that it may send in the long run, as a multiple of real time."),
    Setting("PARLEY_VOICE_BURST", "20", "Seconds of audio that it may send at once."),
    Setting(
        "PARLEY_FLOOD_PATIENCE",
        "10",
        "Seconds for which a voice client that sends more is slowed down before it is cut off.",
    ),
    Setting(
        "PARLEY_JWT_SECRET", "", "The HS256 secret of users' tokens. Empty: one is made in PARLEY_DATA_DIR."
    ),
    Setting("PARLEY_JWT_JWKS_URL", "", "Where the public keys of users' tokens are, instead of a secret."),
    Setting("PARLEY_JWT_JWKS_LIFETIME", "600", "Seconds after which they are read again."),
    Setting("PARLEY_JWT_ISSUER", "", "The `iss` that users' tokens must have. Empty: any."),
    Setting("PARLEY_JWT_AUDIENCE", "", "The `aud` that users' tokens must have. Empty: any."),
    Setting("PARLEY_JWT_LEEWAY", "0", "Seconds by which the clocks of whoever issues tokens may differ."),
    Setting(
        "PARLEY_API_KEYS",
        "",
        "Keys of 16 or more characters, comma separated, for X-API-Key. Empty: none needed.",
    ),
    Setting(
        "PARLEY_ALLOWED_ORIGINS",
        "",
        "Web pages of other hosts that may call, such as https://chat.example.org, comma separated.",
    ),
    Setting("PARLEY_CONNECTIONS_PER_ADDRESS", "256", "Open at once from one address; 0 for any number."),
    Setting("PARLEY_MESSAGES_PER_SECOND", "200", "Frames a second of one WebSocket; 0 for any number."),
    Setting(
        "PARLEY_CONVERSATIONS_PER_MINUTE", "600", "Conversations one API key may begin; 0 for any number."
    ),
    Setting("PARLEY_LOG_FORMAT", "plain", "`json` for one JSON object a line."),
    Setting("PARLEY_LOG_LEVEL", "info", "`debug`, `info`, `warning` or `error`."),
    Setting(
        "PARLEY_DATABASE_URL", "", "An SQLAlchemy URL for the projections. Empty: SQLite in PARLEY_DATA_DIR."
    ),
    Setting(
        "PARLEY_QUERY_WAIT",
        "2",
        "Seconds that a query waits for the projections to catch up with what it asks for.",
    ),
    Setting(
        "PARLEY_OUTAGE_PATIENCE",
        "300",
        "Seconds that the database or the log may be away before history-store ends.",
    ),
    Setting(
        "PARLEY_READY_LAG", "1000", "Events that the projections may be behind and still be called ready."
    ),
    Setting("PARLEY_NATS_REQUEST_TIMEOUT", "2", "Seconds that one request to NATS may take."),
    Setting("PARLEY_NATS_CONNECT_DEADLINE", "10", "Seconds that the first connection to NATS may take."),
    Setting(
        "PARLEY_NATS_APPEND_DEADLINE",
        "10",
        "Seconds that an append to the log may take with all its retries.",
    ),
    Setting(
        "PARLEY_NATS_IDLE_CHECK", "15", "Seconds of silence after which a follower looks at the log itself."
    ),
    Setting("PARLEY_STREAM_LIVE_BYTES", "268435456", "Bytes of live deltas that are kept for late joiners."),
    Setting(
        "PARLEY_STREAM_LOG_BYTES",
        "",
        "Bytes that the log may take, and as many for large payloads. Empty: derived from the disk.",
    ),
    Setting(
        "PARLEY_PURGE_AFTER_DAYS",
        "30",
        "Days after which what was said in a deleted conversation is removed for good; 0 for never.",
    ),
)


def example() -> str:
    """The text of ``.env.example``."""
    head = "# Copy to .env and change what you need; what is shown is the default.\n"
    return head + "".join(f"\n# {each.meaning}\n{each.name}={each.default}\n" for each in SETTINGS)
