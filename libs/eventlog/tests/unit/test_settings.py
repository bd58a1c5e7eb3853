"""Settings come from variables, and secrets from files as well."""

from pathlib import Path

import pytest

from chassis.settings import SECRETS_DIR, WrongSetting, load
from eventlog.settings import NatsSettings


def password() -> str | None:
    secret = load(NatsSettings).password
    return secret.get_secret_value() if secret else None


def test_a_secret_comes_from_a_file_unless_a_variable_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parley_nats_password").write_text("from the file\n")
    assert password() is None
    monkeypatch.setenv(SECRETS_DIR, str(tmp_path))
    assert password() == "from the file"
    monkeypatch.setenv("PARLEY_NATS_PASSWORD", "from the variable")
    assert password() == "from the variable"


def test_a_folder_of_secrets_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRETS_DIR, str(tmp_path / "nowhere"))
    with pytest.raises(WrongSetting, match=r"PARLEY_SECRETS_DIR: .*nowhere is not a folder"):
        load(NatsSettings)


def test_a_file_of_authorities_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_NATS_TLS_CA", str(tmp_path / "ca.crt"))
    with pytest.raises(WrongSetting, match="PARLEY_NATS_TLS_CA: Path does not point to a file"):
        load(NatsSettings)
