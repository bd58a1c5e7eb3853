"""The shipped configurations of nats-server are understood, with the secrets as the one-shot makes them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import trustme

DEPLOY = Path(__file__).parents[2] / "deploy"
SECONDS = 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a container of nats-server sees as /etc/nats."""
    secrets = tmp_path / "made"
    subprocess.run(["sh", DEPLOY / "docker/secrets.sh", secrets], check=True, timeout=SECONDS)
    seen = tmp_path / "nats"
    shutil.copytree(DEPLOY / "nats", seen)
    shutil.copytree(secrets / "nats", seen / "secrets")
    (seen / "tls").mkdir()
    certificate = trustme.CA().issue_cert("nats")
    certificate.cert_chain_pems[0].write_to_path(seen / "tls/tls.crt")
    certificate.private_key_pem.write_to_path(seen / "tls/tls.key")
    tls = seen / "tls.conf"
    tls.write_text(tls.read_text().replace("/etc/nats", str(seen)))
    return seen


@pytest.mark.parametrize("name", ["nats", "cluster", "cluster-tls"])
def test_a_shipped_configuration_is_understood(folder: Path, name: str) -> None:
    ended = subprocess.run(
        [Path(sys.executable).with_name("nats-server"), "--config", folder / f"{name}.conf", "-t"],
        env=os.environ | {"SERVER_NAME": "nats", "MAX_FILE_STORE": "20GB"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 0, ended.stderr


def test_secrets_stay_until_one_is_removed(tmp_path: Path) -> None:
    def make() -> dict[str, str]:
        subprocess.run(["sh", DEPLOY / "docker/secrets.sh", tmp_path], check=True, timeout=SECONDS)
        return {str(each.relative_to(tmp_path)): each.read_text() for each in tmp_path.rglob("*/*")}

    first = make()
    assert make() == first
    (tmp_path / "made/nats-edge-ws").unlink()
    second = make()
    changed = {name for name in second if second[name] != first[name]}
    assert changed == {"made/nats-edge-ws", "edge-ws/parley_nats_password", "nats/passwords.conf"}
    assert second["edge-ws/parley_nats_password"] in second["nats/passwords.conf"]
