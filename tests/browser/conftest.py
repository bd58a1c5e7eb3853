"""The browser that these tests drive."""

import shutil
from pathlib import Path

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def chromium(node_scripts: Path) -> str:
    """The browser's program."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"no Chromium on PATH: none of {', '.join(PROGRAMS)}")
    return program
