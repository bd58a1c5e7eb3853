"""The program that renders the manifests."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALL_SECONDS = 300


@pytest.fixture(scope="session")
def kustomize() -> str:
    """The program, installed where it can be had."""
    maker = Path(os.environ.get("CONTAINER_LAB", ROOT.parent / "shared/tools/container-lab"))
    if shutil.which("kustomize") is None and maker.exists():
        subprocess.run([maker, "kube-tools"], check=True, capture_output=True, timeout=INSTALL_SECONDS)
    program = shutil.which("kustomize")
    if program is None:
        pytest.skip("kustomize is not installed, and there is no container-lab to install it")
    return program
