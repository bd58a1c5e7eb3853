"""The name of every ``PARLEY_…`` variable that some part of the system reads.

Every part refuses to start beside a name that is not here: a misspelt setting would else be ignored in
silence. A part cannot know the others' settings classes, so the names are one table, which a test
compares with the classes.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Final

PREFIX: Final = "PARLEY_"

_LOG: Final = (
    "PARLEY_FAULTS",
    "PARLEY_HTTP_HOST",
    "PARLEY_HTTP_PORT",
    "PARLEY_LOG_FORMAT",
    "PARLEY_LOG_LEVEL",
    "PARLEY_NATS_APPEND_DEADLINE",
    "PARLEY_NATS_CONNECT_DEADLINE",
    "PARLEY_NATS_IDLE_CHECK",
    "PARLEY_NATS_PASSWORD",
    "PARLEY_NATS_REQUEST_TIMEOUT",
    "PARLEY_NATS_TLS_CA",
    "PARLEY_NATS_URL",
    "PARLEY_NATS_USER",
    "PARLEY_PURGE_AFTER_DAYS",
    "PARLEY_SECRETS_DIR",
    "PARLEY_STREAM_FILE_STORE",
    "PARLEY_STREAM_LIVE_BYTES",
    "PARLEY_STREAM_LOG_BYTES",
    "PARLEY_STREAM_REPLICAS",
)
_EDGES: Final = (
    "PARLEY_AGENT_GRAPH",
    "PARLEY_FLOOD_PATIENCE",
    "PARLEY_MAX_BODY",
    "PARLEY_MAX_FRAME",
    "PARLEY_MAX_WEBSOCKET_MESSAGE",
    "PARLEY_NEEDS",
    "PARLEY_OCTO_GRAPH",
    "PARLEY_PING_INTERVAL",
    "PARLEY_QUERY_TIMEOUT",
    "PARLEY_QUOTE_HEARTBEAT",
    "PARLEY_QUOTE_RETRY",
    "PARLEY_QUOTE_STREAM_LIMIT",
    "PARLEY_QUOTE_WAIT",
    "PARLEY_REOPEN_TIMEOUT",
    "PARLEY_ROOM_GRAPH",
    "PARLEY_SEND_TIMEOUT",
    "PARLEY_VOICE_BURST",
    "PARLEY_VOICE_FRAME_BURST",
    "PARLEY_VOICE_FRAME_RATE",
    "PARLEY_VOICE_SPEED",
)
_ACCESS: Final = (
    "PARLEY_ALLOWED_ORIGINS",
    "PARLEY_API_KEYS",
    "PARLEY_CONNECTIONS_PER_ADDRESS",
    "PARLEY_CONVERSATIONS_PER_MINUTE",
    "PARLEY_JWT_AUDIENCE",
    "PARLEY_JWT_ISSUER",
    "PARLEY_JWT_JWKS_LIFETIME",
    "PARLEY_JWT_JWKS_URL",
    "PARLEY_JWT_LEEWAY",
    "PARLEY_JWT_SECRET",
    "PARLEY_MESSAGES_PER_SECOND",
)
_RUNNER: Final = (
    "PARLEY_CHECKPOINT_APPEND_ATTEMPTS",
    "PARLEY_CHECKPOINT_CACHED_CONVERSATIONS",
    "PARLEY_CHECKPOINT_SCAN_IDLE",
    "PARLEY_CHECKPOINT_SNAPSHOT_AFTER",
    "PARLEY_CONCURRENT_RUNS",
    "PARLEY_DEFAULT_GRAPH",
    "PARLEY_GRAPHS",
    "PARLEY_MAX_ATTEMPTS",
    "PARLEY_MCP_CONFIG",
    "PARLEY_MODEL",
    "PARLEY_RUN_TIMEOUT",
    "PARLEY_TAKEOVER_AFTER",
    "PARLEY_TOOLS_DIR",
)
_QUOTE: Final = (
    "PARLEY_CONCURRENT_REPLIES",
    "PARLEY_HISTORY_PATIENCE",
    "PARLEY_MODEL_PATIENCE",
    "PARLEY_QUOTATIONS",
)
_VOICE: Final = (
    "PARLEY_KEEP_AUDIO",
    "PARLEY_REALTIME_MODEL",
    "PARLEY_REPLY_TIMEOUT",
    "PARLEY_SPEECH_MODEL",
    "PARLEY_TRANSCRIPTION_MODEL",
    "PARLEY_VAD",
    "PARLEY_VAD_PREFIX_MS",
    "PARLEY_VAD_SILENCE_MS",
    "PARLEY_VAD_THRESHOLD",
    "PARLEY_VOICE",
    "PARLEY_VOICE_INSTRUCTIONS",
    "PARLEY_VOICE_KEY",
    "PARLEY_VOICE_SESSIONS",
    "PARLEY_VOICE_URL",
)
_HISTORY: Final = (
    "PARLEY_DATABASE_URL",
    "PARLEY_DATA_DIR",
    "PARLEY_OUTAGE_PATIENCE",
    "PARLEY_QUERY_WAIT",
    "PARLEY_READY_LAG",
)
_STACK: Final = (
    "PARLEY_AGENT_RUN_PORT",
    "PARLEY_AGENT_WS_PORT",
    "PARLEY_ALLOW_INSECURE_BIND",
    "PARLEY_DOOR_LISTENERS",
    "PARLEY_DOOR_REQUESTS",
    "PARLEY_DOOR_WEBSOCKETS",
    "PARLEY_HOST",
    "PARLEY_PORT",
    "PARLEY_QUOTE_PORT",
)
VARIABLES: Final = frozenset(_LOG + _EDGES + _ACCESS + _RUNNER + _QUOTE + _VOICE + _HISTORY + _STACK)


def complaint(environment: Mapping[str, str], known: Iterable[str] = VARIABLES) -> str | None:
    """What is wrong with the names in an environment, in one line, or None."""
    names = sorted(known)
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in names)
    if not unknown:
        return None
    return "; ".join(f"{name}: no such setting, {_advice(name, names)}" for name in unknown)


def _advice(name: str, names: list[str]) -> str:
    close = get_close_matches(name, names, n=1, cutoff=0.8)
    return f"did you mean {close[0]}?" if close else "remove it"
