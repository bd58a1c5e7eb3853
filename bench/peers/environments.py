"""The environments of the peers: each its own, made once in a cache folder, the newest versions there are."""

import json
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = {
    "hand": (
        "fastapi",
        "uvicorn",
        "uvloop",
        "websockets",
        "langgraph",
        "langgraph-checkpoint-postgres",
        "psycopg[binary]",
        "psycopg-pool",
    ),
    "aegra": ("aegra-api", "greenlet"),
    "langgraph-dev": ("langgraph-cli[inmem]",),
    "plots": ("matplotlib",),
}
NAMED = (
    "fastapi",
    "langgraph",
    "langgraph-checkpoint-postgres",
    "aegra-api",
    "langgraph-api",
    "langgraph-cli",
)
INSTALL_SECONDS = 300
LISTING = (
    "import importlib.metadata as m, json; "
    "print(json.dumps({d.name.lower(): d.version for d in m.distributions()}))"
)


def python(folder: Path, name: str) -> Path:
    """The interpreter of a peer."""
    return folder / name / "bin" / "python"


def install(folder: Path) -> dict[str, str]:
    """Make what is missing; the names of those that cannot be made, with the reason."""
    failed = {}
    for name, requirements in REQUIREMENTS.items():
        stamp = folder / name / "installed.json"
        if stamp.exists() and json.loads(stamp.read_text()) == list(requirements):
            continue
        print(f"installing {name}", flush=True)
        uv = Path(sys.executable).with_name("uv")
        interpreter = python(folder, name)
        commands: tuple[list[str | Path], ...] = (
            [uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder / name],
            [uv, "pip", "install", "--quiet", "--python", interpreter, *requirements],
        )
        try:
            for command in commands:
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            told = str(getattr(error, "stderr", "") or error).strip().splitlines()
            failed[name] = f"cannot be installed: {told[-1] if told else error!r}"
        else:
            stamp.write_text(json.dumps(requirements))
    return failed


def versions(folder: Path) -> dict[str, dict[str, str]]:
    """The versions of what matters in each environment."""
    found = {}
    for name in REQUIREMENTS:
        if python(folder, name).exists() and name != "plots":
            answer = subprocess.run(
                [python(folder, name), "-c", LISTING], check=True, capture_output=True, text=True
            )
            installed = json.loads(answer.stdout)
            found[name] = {each: installed[each] for each in NAMED if each in installed}
    return found
