"""What a service imports stays in its memory for ever."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("application", "unneeded"),
    [
        ("voice_bridge.app", ["openai"]),
        ("history_store.app", ["langchain_core", "numpy"]),
        ("edge_ws.app", ["sqlalchemy", "jwt", "httpx"]),
        ("edge_rest.app", ["mcp", "jwt", "httpx"]),
        ("eventlog.admin.keeper", ["obstore"]),
    ],
)
def test_what_a_service_has_no_use_for_is_not_imported(application: str, unneeded: list[str]) -> None:
    program = f"import sys, {application}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=True)
    assert not set(unneeded) & set(loaded.stdout.split())
