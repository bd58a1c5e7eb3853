"""The nats-server of the stack: its program, its configuration and how to tell that it is ready."""

import asyncio
import hmac
import json
import shutil
from hashlib import sha256
from pathlib import Path

from eventlog.admin import accounts, permissions
from parley.stack import programs
from parley.stack.data_dir import write_private

DISK_SHARE = 0.8
MAX_MEMORY_STORE = "512MB"
LARGEST_LOG_BYTES = 8 << 30
SMALLEST_LOG_BYTES = 64 << 20
OTHER_STREAMS_BYTES = 5 << 28  # dead letters and the probe reserve their own
PROBE_SECONDS = 1.0
NOT_NEWS = ("[INF]", "Plaintext passwords detected")  # forty lines at every start; the file is private


def program() -> str | None:
    """The path of nats-server."""
    return programs.find("nats-server")


class DiskFull(Exception):
    """There is no room for a log. The message says where."""


def store(data_dir: Path) -> Path:
    """Where JetStream keeps its files."""
    return data_dir / "jetstream"


def password(user: str, secret: str) -> str:
    """The password of a user, from which neither the installation's secret nor another's can be told."""
    return hmac.new(secret.encode(), user.encode(), sha256).hexdigest()


def write_config(data_dir: Path, *, port: int, secret: str) -> Path:
    """Write the server's configuration, private because the passwords are in it, and say where."""
    store(data_dir).mkdir(exist_ok=True)
    path = data_dir / "nats-server.conf"
    _move_from_the_account_of_old(store(data_dir))
    passwords = "".join(
        f'{permissions.variable(name)}: "{password(name, secret)}"\n' for name in accounts.names()
    )
    write_private(
        path,
        f"""server_name: parley
listen: "127.0.0.1:{port}"
{passwords}{accounts.accounts()}jetstream {{
  store_dir: {json.dumps(str(store(data_dir)))}
  sync_interval: always
  max_file_store: {max_file_store(data_dir)}
  max_memory_store: {MAX_MEMORY_STORE}
}}
""",
    )
    return path


def _move_from_the_account_of_old(store: Path) -> None:
    """Bring the log of an installation from before the services had accounts to where it is looked for."""
    streams = store / "jetstream"
    old, new = streams / "$G", streams / accounts.LOG_ACCOUNT
    if old.exists() and not new.exists():
        old.rename(new)


def max_file_store(data_dir: Path) -> int:
    """Bytes the log may take, decided at the first start: a share of what is free then.

    A full disk makes nats-server hang without an error; its own limit refuses cleanly, so it comes first.
    It is kept, because the streams reserve what it allows and JetStream refuses to update them under less.
    """
    kept = data_dir / "max_file_store"
    if not kept.exists():
        write_private(kept, str(int(shutil.disk_usage(data_dir).free * DISK_SHARE)))
    return int(kept.read_text())


def log_bytes(data_dir: Path) -> int:
    """Bytes to reserve for the log, and as many for the large payloads beside it.

    Raises:
        DiskFull: if hardly anything would be left for them.
    """
    size = min(LARGEST_LOG_BYTES, (max_file_store(data_dir) - OTHER_STREAMS_BYTES) // 2)
    if size < SMALLEST_LOG_BYTES:
        raise DiskFull(f"too little disk space at {data_dir} (PARLEY_DATA_DIR)")
    return size


def news(line: str) -> str | None:
    """A line of its log, or None where it says what happens at every start."""
    return None if any(each in line for each in NOT_NEWS) else line


async def ready(port: int) -> bool:
    """Whether the server greets clients with JetStream on. It opens the port only after its recovery."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                greeting = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False
    return greeting.startswith(b"INFO ") and b'"jetstream":true' in greeting
