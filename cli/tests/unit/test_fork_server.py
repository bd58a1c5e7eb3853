"""What services are forked from: what it loads may be shared, and a fork is as a process of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest

from parley.stack.children import Child, ForkServer

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


@pytest.fixture
async def forks() -> AsyncIterator[ForkServer]:
    server = ForkServer(os.environ)
    async with asyncio.timeout(60):
        yield server
    await server.close()


async def ends_in_one_line(child: Child) -> None:
    """With a setting that is wrong."""
    assert child.stdout
    (line,) = (await child.stdout.read()).decode().splitlines()
    assert "PARLEY_HTTP_PORT" in line
    assert await child.wait() == os.EX_CONFIG


async def test_a_module_that_others_have_loaded_runs_as_by_a_command_of_its_own(forks: ForkServer) -> None:
    await ends_in_one_line(await forks.start("eventlog.admin.keeper", {"PARLEY_HTTP_PORT": "none"}))


async def test_who_asks_after_one_that_was_cancelled_gets_its_own(forks: ForkServer) -> None:
    await forks.load()
    cancelled = asyncio.create_task(forks.start("this", {}))
    await asyncio.sleep(0)
    cancelled.cancel()
    await ends_in_one_line(await forks.start("eventlog.admin.keeper", {"PARLEY_HTTP_PORT": "none"}))
