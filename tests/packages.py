"""The npm packages that tests of scripts and pages need."""

import fcntl
import json
import os
import subprocess
from pathlib import Path

NPM_SECONDS = 240


def are_installed(folder: Path) -> bool:
    """Install what a folder's ``package.json`` asks for if it is missing; whether it is there then.

    One worker at a time: another would find a part of it.
    """
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if all((folder / "node_modules" / name).exists() for name in wanted):
            return True
        install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
        return subprocess.run(install, cwd=folder, check=False, timeout=NPM_SECONDS).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
    finally:
        os.close(lock)
