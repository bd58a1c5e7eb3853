"""What is imported before services are forked leaves nothing that two processes must not share."""

import subprocess
import sys

import pytest

LOADED = """
import importlib, os, sys, threading
from parley.stack.fork_server import SHARED

before = os.listdir("/proc/self/fd")
for name in SHARED:
    importlib.import_module(name)
print(threading.active_count(), os.listdir("/proc/self/fd") == before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there services are forks")
def test_shared_modules_start_no_thread_and_open_nothing() -> None:
    said = subprocess.run([sys.executable, "-P", "-c", LOADED], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["1", "True"]
