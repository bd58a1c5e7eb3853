"""What is made of the settings classes: the known names, ``.env.example`` and the handbook's table.

``python docs/generate/settings.py`` writes them; a test fails when they are not what this would write.
"""

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from chassis.settings import Settings
from parley.settings import SETTINGS

ROOT: Final = Path(__file__).parents[2]
SERVICES: Final = ("agent_runner", "edge_rest", "edge_ws", "history_store", "quote_engine", "voice_bridge")
LIBRARIES: Final = ("access", "chassis", "eventlog", "identity")
HIDDEN: Final = {"PARLEY_FAULTS", "PARLEY_SECRETS_DIR"}
"""Read without a class: what tests arm, and what is read before any settings."""
GIVEN: Final = {
    "PARLEY_HTTP_HOST",
    "PARLEY_HTTP_PORT",
    "PARLEY_NATS_PASSWORD",
    "PARLEY_NATS_TLS_CA",
    "PARLEY_NATS_URL",
    "PARLEY_NATS_USER",
    "PARLEY_STREAM_FILE_STORE",
    "PARLEY_STREAM_REPLICAS",
    "PARLEY_URL",
}
"""What `parley up` gives its services, and what Compose, Kubernetes and operators' tools set instead."""
SECRETS: Final = {
    "PARLEY_API_KEYS",
    "PARLEY_DATABASE_URL",
    "PARLEY_JWT_SECRET",
    "PARLEY_WEBHOOK_SECRET",
    "PARLEY_MODEL_KEY",
    "PARLEY_VOICE_KEY",
}
"""Files under Compose and Kubernetes."""
MOUNTED: Final = {
    "PARLEY_MCP_CONFIG": "agent-runner",
    "PARLEY_QUOTATIONS": "quote-engine",
    "PARLEY_TOOLS_DIR": "agent-runner",
}
"""What names a file or a folder is mounted under Compose for the service that reads it."""
OF_THE_GATEWAY: Final = {
    "PARLEY_AGENT_RUN_PORT",
    "PARLEY_AGENT_WS_PORT",
    "PARLEY_LANGGRAPH_PORT",
    "PARLEY_PORT",
    "PARLEY_QUOTE_PORT",
    "PARLEY_TRUSTED_PROXIES",
}
REFUSED: Final = {"PARLEY_DATA_DIR"}
"""Means nothing under Compose, so that another value than the default is refused."""
_PRESET: Final = {"PARLEY_HOST", "PARLEY_LOG_FORMAT"}
"""Have another default under Compose."""
_BLOCK: Final = re.compile(
    r"(^x-environment: .*?OTEL_EXPORTER_OTLP_ENDPOINT:[^\n]*\n).*?\n\n", re.MULTILINE | re.DOTALL
)


@dataclass(slots=True)
class Variable:
    """A setting as it is told to people.

    Attributes:
        readers: the parts that read it.
    """

    name: str
    default: str
    meaning: str
    readers: set[str] = field(default_factory=set)


class Disagreement(ValueError):
    """Two classes give one setting different defaults or meanings."""


def classes() -> list[type[Settings]]:
    """Every settings class of the system."""
    for package in (*LIBRARIES, *SERVICES):
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            if module.name.endswith((".settings", ".declare")):
                importlib.import_module(module.name)
    return sorted(Settings.__subclasses__(), key=lambda each: (each.__module__, each.__name__))


def read_by(service: str) -> set[str]:
    """The variables that one service reads: those of the classes that its modules know."""
    importlib.import_module(f"{service}.app")
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == service]
    known = {value for module in modules for value in vars(module).values() if isinstance(value, type)}
    common = {each for each in classes() if each.__module__ == "chassis.settings"}
    read = {each for each in known if issubclass(each, Settings) and each is not Settings} | common
    return {name for each in read for name, _ in _fields(each)}


def variables() -> dict[str, Variable]:
    """Every setting by its name, those of the stack first.

    Raises:
        Disagreement: if a setting is declared twice and not alike.
    """
    found = {each.name: Variable(each.name, each.default, each.meaning, {"the stack"}) for each in SETTINGS}
    for each in classes():
        for name, variable in _fields(each):
            known = found.setdefault(name, variable)
            known.readers |= variable.readers
            alike = (known.default, known.meaning) == (variable.default, variable.meaning)
            if not alike and "the stack" not in known.readers:
                raise Disagreement(f"{name}: {known.default!r} {known.meaning!r} and in {each} {variable}")
    return found


def _fields(each: type[Settings]) -> Iterator[tuple[str, Variable]]:
    prefix = each.model_config.get("env_prefix", "")
    reader = each.__module__.split(".")[0]
    for field_name, info in each.model_fields.items():
        name = f"{prefix}{field_name}".upper()
        if not info.description:
            raise Disagreement(f"{name} in {each} has no meaning behind it")
        yield name, Variable(name, _as_text(info.default), " ".join(info.description.split()), {reader})


def _as_text(default: object) -> str:
    """A default as somebody would write it into a file of variables."""
    match default:
        case None:
            return ""
        case bool():
            return str(default).lower()
        case int() | float():
            return f"{default:.15g}"
        case tuple():
            return ",".join(default)
        case SecretStr():
            return default.get_secret_value()
        case _:
            return str(default)


def names_file() -> str:
    """The names that every part knows, a line each."""
    return "".join(f"{name}\n" for name in sorted(variables().keys() | HIDDEN))


def example() -> str:
    """The text of ``.env.example``."""
    head = "# Copy to .env and change what you need; what is shown is the default.\n"
    shown = (each for name, each in variables().items() if name not in GIVEN)
    return head + "".join(f"\n# {each.meaning}\n{each.name}={each.default}\n" for each in shown)


def handbook() -> str:
    """The page of all settings."""
    lines = (
        f"| `{each.name}` | {_cell(each.default)} | {each.meaning} |"
        for name, each in variables().items()
        if name not in GIVEN
    )
    given = (
        f"| `{name}` | {_cell(each.default)} | {each.meaning} |"
        for name, each in variables().items()
        if name in GIVEN
    )
    return "\n".join(
        (
            "# Configuration",
            "",
            "Environment variables, or the same in a file `.env` in the working directory; the environment",
            "wins. An unknown name with the prefix `PARLEY_` is an error. `make settings` writes this page.",
            "",
            "| setting | default | meaning |",
            "| --- | --- | --- |",
            *lines,
            "",
            "`parley up` gives these to its services; Compose, Kubernetes and operators' tools set them:",
            "",
            "| setting | default | meaning |",
            "| --- | --- | --- |",
            *given,
            "",
        )
    )


def _cell(default: str) -> str:
    return f"`{default}`" if default else ""


def everybodys() -> set[str]:
    """What every service of Compose is told."""
    return variables().keys() - GIVEN - SECRETS - MOUNTED.keys() - OF_THE_GATEWAY - REFUSED


def compose() -> str:
    """``docker-compose.yml`` with the names of the settings in their block."""
    names = "".join(f"  {name}:\n" for name in sorted(everybodys() - _PRESET))
    return _BLOCK.sub(
        lambda block: f"{block[1]}{names}\n", (ROOT / "docker-compose.yml").read_text(), count=1
    )


def written() -> dict[Path, str]:
    """Every file that is made here, with its text."""
    return {
        ROOT / "libs/chassis/src/chassis/variables.txt": names_file(),
        ROOT / ".env.example": example(),
        ROOT / "docs/configuration.md": handbook(),
        ROOT / "docker-compose.yml": compose(),
    }


if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text)
