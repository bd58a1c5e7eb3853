"""One SELECT over a folder's datasets in a process of its own; see `tables`."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from agent_runner.agents.tools import tables
from agent_runner.agents.tools.answering import ToolFailed


async def select(files: list[Path], sql: str) -> dict[str, Any]:
    """The rows, and whether there were more than fit.

    Raises:
        ToolFailed: if it is no SELECT, fails, takes too long or too much memory.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        tables.__file__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    asked = json.dumps({"files": [str(file) for file in files], "sql": sql})
    try:
        async with asyncio.timeout(tables.SELECT_SECONDS):
            said, _ = await process.communicate(asked.encode())
    except TimeoutError:
        raise ToolFailed(f"the query took longer than {tables.SELECT_SECONDS:.0f} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise ToolFailed("the query needs more memory than it may take")
    answer: dict[str, Any] = json.loads(said)
    if error := answer.get("error"):
        raise ToolFailed(error)
    return answer
