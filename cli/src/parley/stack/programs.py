"""Programs that come in wheels."""

import os
import shutil
import sys
from pathlib import Path


def find(name: str) -> str | None:
    """The path of a program: beside our own Python, where its wheel puts it, else on PATH."""
    beside = str(Path(sys.executable).parent)
    return shutil.which(name, path=os.pathsep.join([beside, os.environ.get("PATH", os.defpath)]))
