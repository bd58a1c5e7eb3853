"""What services are forked from: what it loads may be shared, and a fork is as a process of its own."""

import asyncio
import os
import subprocess
import sys

import pytest

from parley.stack.children import ForkServer

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


async def test_a_module_that_others_have_loaded_runs_as_by_a_command_of_its_own() -> None:
    forks = ForkServer(os.environ)
    try:
        async with asyncio.timeout(60):
            child = await forks.start("eventlog.admin.keeper", {"PARLEY_HTTP_PORT": "none"})
            assert child.stdout
            said = (await child.stdout.read()).decode().splitlines()
            assert await child.wait() == os.EX_CONFIG
    finally:
        await forks.close()
    (line,) = said
    assert "PARLEY_HTTP_PORT" in line
