"""What a service imports stays in its memory for ever."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("application", "unneeded"),
    [("voice_bridge.app", "openai"), ("history_store.app", "langchain_core"), ("edge_ws.app", "sqlalchemy")],
)
def test_what_a_service_has_no_use_for_is_not_imported(application: str, unneeded: str) -> None:
    program = f"import sys, {application}; sys.exit({unneeded!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
