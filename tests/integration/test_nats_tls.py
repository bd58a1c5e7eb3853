"""NATS behind TLS and a password: who has both gets in, nobody else does; tried with the one-shot."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

WAIT_SECONDS = 30
SHIPPED = Path(__file__).parents[2] / "deploy/nats/tls.conf"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(tmp_path: Path, authority: trustme.CA, nats_configured_by: Callable[[str], Any]) -> Any:
    """A server with the shipped TLS settings and a certificate for the loopback address."""
    certificate = authority.issue_cert("127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    certificate.private_key_pem.write_to_path(tmp_path / "tls.key")
    tls = SHIPPED.read_text().replace("/etc/nats/tls", str(tmp_path))
    return nats_configured_by(f"authorization {{ user: operator, password: right }}\n{tls}")


def declare(server: Any, folder: Path, authority: trustme.CA | None, password: str) -> tuple[int, str]:
    """Exit code and complaint of the one-shot, which reads its password from a file."""
    variables = {
        "PARLEY_NATS_URL": server.url,
        "PARLEY_NATS_USER": "operator",
        "PARLEY_NATS_CONNECT_DEADLINE": "2",
        "PARLEY_STREAM_LOG_BYTES": str(1 << 26),
        "PARLEY_SECRETS_DIR": str(folder / "secrets"),
    }
    (folder / "secrets").mkdir()
    (folder / "secrets/parley_nats_password").write_text(f"{password}\n")
    if authority:
        authority.cert_pem.write_to_path(folder / "ca.crt")
        variables["PARLEY_NATS_TLS_CA"] = str(folder / "ca.crt")
    ended = subprocess.run(
        [sys.executable, "-m", "eventlog.admin.declare"],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
    )
    return ended.returncode, ended.stderr


def test_the_right_authority_and_password_get_in(server: Any, tmp_path: Path, authority: trustme.CA) -> None:
    code, complaint = declare(server, tmp_path, authority, "right")
    assert code == 0, complaint


def test_a_server_of_another_authority_is_not_trusted(server: Any, tmp_path: Path) -> None:
    code, complaint = declare(server, tmp_path, trustme.CA(), "right")
    assert code == 1
    assert "certificate verify failed" in complaint


def test_without_the_authority_nothing_is_trusted(server: Any, tmp_path: Path) -> None:
    code, complaint = declare(server, tmp_path, None, "right")
    assert code == 1
    assert "certificate verify failed" in complaint


def test_a_wrong_password_is_refused(server: Any, tmp_path: Path, authority: trustme.CA) -> None:
    code, complaint = declare(server, tmp_path, authority, "wrong")
    assert code == 1
    assert "Authorization Violation" in complaint
