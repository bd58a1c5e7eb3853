"""Every setting of Parley in one table, and how it is read from the environment and ``.env``.

The supervisor reads this, so nothing heavy is imported here; the services read their own part with
pydantic-settings. ``.env.example`` is this table written out (:func:`example`), and a test compares them.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

PREFIX = "PARLEY_"


class SettingsError(Exception):
    """A setting that cannot be used. The message is one line and names it."""


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
    Setting("PARLEY_OCTO_GRAPH", "planner", "The graph that answers sessions begun by the octo protocol."),
    Setting("PARLEY_ROOM_GRAPH", "chat", "The graph that answers rooms."),
    Setting("PARLEY_AGENT_GRAPH", "planner", "The graph that answers chats begun by the agent protocol."),
    Setting(
        "PARLEY_QUOTATIONS",
        "",
        "Your own quotations, one JSON object a line. Empty: the collection that comes with Parley.",
    ),
    Setting(
        "PARLEY_QUOTE_WAIT", "3", "How many seconds the fourth message of a quote talk waits for its reply."
    ),
    Setting("PARLEY_VOICE", "", "The voice engine: `local`, `cascade` or `openai-realtime`. Empty: `local`."),
    Setting(
        "PARLEY_VOICE_URL", "", "The OpenAI-compatible speech service of `cascade` and `openai-realtime`."
    ),
    Setting("PARLEY_VOICE_KEY", "", "Its key."),
    Setting("PARLEY_TRANSCRIPTION_MODEL", "gpt-4o-mini-transcribe", "What it puts speech into text with."),
    Setting("PARLEY_SPEECH_MODEL", "gpt-4o-mini-tts", "What `cascade` speaks with."),
    Setting("PARLEY_REALTIME_MODEL", "gpt-realtime", "What `openai-realtime` talks with."),
    Setting("PARLEY_VAD", "true", "`false`: voice clients end their turns by hand."),
    Setting("PARLEY_VAD_THRESHOLD", "0.5", "Probability of speech from which audio counts as speech."),
    Setting("PARLEY_VAD_PREFIX_MS", "300", "Milliseconds before the detected start that belong to a turn."),
    Setting("PARLEY_VAD_SILENCE_MS", "256", "Milliseconds of silence that end a turn."),
    Setting(
        "PARLEY_KEEP_AUDIO", "false", "`true`: what is said in voice sessions is kept in the object store."
    ),
    Setting("PARLEY_VOICE_SESSIONS", "64", "Voice sessions that one process holds at most."),
    Setting(
        "PARLEY_JWT_SECRET", "", "The HS256 secret of users' tokens. Empty: one is made in PARLEY_DATA_DIR."
    ),
    Setting("PARLEY_JWT_JWKS_URL", "", "Where the public keys of users' tokens are, instead of a secret."),
    Setting("PARLEY_JWT_ISSUER", "", "The `iss` that users' tokens must have. Empty: any."),
    Setting("PARLEY_JWT_AUDIENCE", "", "The `aud` that users' tokens must have. Empty: any."),
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
)
PORTS = ("PARLEY_PORT", "PARLEY_QUOTE_PORT", "PARLEY_AGENT_WS_PORT", "PARLEY_AGENT_RUN_PORT")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force.

    Attributes:
        data_dir: absolute.
        host: the address to listen on.
        ports: the public ports by the name of their setting.
        environment: the process environment with ``.env`` laid under it, empty settings left out.
    """

    data_dir: Path
    host: str
    ports: Mapping[str, int]
    environment: Mapping[str, str]

    @classmethod
    def load(cls, environ: Mapping[str, str], dotenv: Path) -> "Settings":
        """Read the settings; a variable of the environment wins over the same one in `dotenv`.

        Raises:
            SettingsError: for an unknown name with our prefix or a value that cannot be used.
        """
        environment = merged(environ, dotenv)
        if unknown := unknown_settings(environment):
            raise SettingsError(f"unknown setting {', '.join(unknown)}; .env.example lists the known ones")
        values = {setting.name: environment.get(setting.name, setting.default) for setting in SETTINGS}
        ports = {name: _port(name, values[name]) for name in PORTS}
        for name, port in ports.items():
            if twin := next((other for other in PORTS if other != name and ports[other] == port), None):
                raise SettingsError(f"{name} and {twin} are both {port}")
        host = values["PARLEY_HOST"]
        has_keys = any(key.strip() for key in values["PARLEY_API_KEYS"].split(","))
        _check_host(host, allowed=has_keys or values["PARLEY_ALLOW_INSECURE_BIND"] == "yes")
        return cls(
            data_dir=Path(values["PARLEY_DATA_DIR"]).expanduser().resolve(),
            host=host,
            ports=ports,
            environment=environment,
        )


def merged(environ: Mapping[str, str], dotenv: Path) -> dict[str, str]:
    """The environment with the file laid under it; our settings that are empty count as left out."""
    below = {name: value for name, value in dotenv_values(dotenv).items() if value is not None}
    return {
        name: value for name, value in {**below, **environ}.items() if value or not name.startswith(PREFIX)
    }


def unknown_settings(environment: Mapping[str, str]) -> list[str]:
    """The names with our prefix that no setting has."""
    known = {setting.name for setting in SETTINGS}
    return sorted(name for name in environment if name.startswith(PREFIX) and name not in known)


def example() -> str:
    """The text of ``.env.example``."""
    head = "# Copy to .env and change what you need; what is shown is the default.\n"
    return head + "".join(f"\n# {each.meaning}\n{each.name}={each.default}\n" for each in SETTINGS)


def _port(name: str, text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= (port := int(text)) <= 65535:
        return port
    raise SettingsError(f"{name} must be a port from 1 to 65535, not {text!r}")


def _check_host(host: str, *, allowed: bool) -> None:
    if host == "localhost":
        return
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        raise SettingsError(f"PARLEY_HOST must be an IP address or localhost, not {host!r}") from None
    if not (loopback or allowed):
        raise SettingsError(
            f"PARLEY_HOST={host} would let anybody who reaches it use this server; set PARLEY_API_KEYS, "
            "or PARLEY_ALLOW_INSECURE_BIND=yes if that is what you want"
        )
