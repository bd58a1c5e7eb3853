"""Settings come from variables, and secrets from files as well."""

from pathlib import Path

import pytest
from pydantic import SecretStr

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


def given(url: str) -> tuple[str, str | None, str | None, str | None]:
    """The address, the user, the password and the token of what a process is told by one variable."""
    settings = NatsSettings(url=url)
    password, token = (
        each if each is None else each.get_secret_value() for each in (settings.password, settings.token)
    )
    return settings.url, settings.user, password, token


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("nats://a:4222", ("nats://a:4222", None, None, None)),
        (" a:4222, b ,", ("a:4222,b", None, None, None)),
        ("nats://me:secret@a:4222", ("nats://a:4222", "me", "secret", None)),
        ("tls://me:s%2Cc%40%2F%3A%25@a", ("tls://a", "me", "s,c@/:%", None)),
        ("nats://me:a:b@[::1]:4222", ("nats://[::1]:4222", "me", "a:b", None)),
        ("nats://me:@a", ("nats://a", "me", "", None)),
        ("nats://t%2Cken@a:4222", ("nats://a:4222", None, None, "t,ken")),
        ("nats://me:s@a:1,nats://me:s@b:2", ("nats://a:1,nats://b:2", "me", "s", None)),
        ("nats://me:s@a:1,nats://b:2", ("nats://a:1,nats://b:2", "me", "s", None)),
    ],
)
def test_credentials_are_taken_out_of_the_addresses(
    url: str, expected: tuple[str, str | None, str | None, str | None]
) -> None:
    assert given(url) == expected


@pytest.mark.parametrize(
    ("url", "more", "complaint"),
    [
        ("nats://me:geheim@a,nats://you:geheim@b", {}, "PARLEY_NATS_URL: the addresses have different"),
        ("nats://me:geheim@a,nats://me:other@b", {}, "PARLEY_NATS_URL: the addresses have different"),
        ("nats://me:geheim@a,nats://geheim@b", {}, "PARLEY_NATS_URL: the addresses have different"),
        (
            "nats://me:geheim@a",
            {"USER": "you"},
            "PARLEY_NATS_URL has other credentials than PARLEY_NATS_USER",
        ),
        ("nats://me:geheim@a", {"PASSWORD": "other"}, "PARLEY_NATS_URL has other credentials than"),
        ("nats://geheim@a", {"USER": "me", "PASSWORD": "s"}, "PARLEY_NATS_URL has other credentials than"),
        ("nats://me:geheim,sehr@a:4222", {}, "PARLEY_NATS_URL: .* a comma is written %2C"),
        ("nats://me:12,geheim@a:4222", {}, "PARLEY_NATS_URL: .* a comma is written %2C"),
        ("nats://me:geheim@sehr@a:4222", {}, "PARLEY_NATS_URL: .* an at-sign %40"),
        ("nats://me:geheim/sehr@a:4222", {}, "PARLEY_NATS_URL: .* a slash %2F"),
        ("nats://me:12/geheim@a:4222", {}, "PARLEY_NATS_URL: .* a slash %2F"),
        ("nats://me:geheim[@a:4222", {}, "PARLEY_NATS_URL: "),
        ("nats://me:geheim%FF@a:4222", {}, "PARLEY_NATS_URL: "),
        ("nats://:geheim@a:4222", {}, "PARLEY_NATS_URL: "),
        ("nats://me:geheim@:4222", {}, "PARLEY_NATS_URL: "),
        ("me:geheim@a:4222", {}, "PARLEY_NATS_URL: these are no addresses such as nats://"),
        (",", {}, "PARLEY_NATS_URL: there is no address"),
    ],
)
def test_addresses_that_nobody_can_follow_are_refused_without_their_secrets(
    url: str, more: dict[str, str], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"URL": url, **more}.items():
        monkeypatch.setenv(f"PARLEY_NATS_{name}", value)
    with pytest.raises(WrongSetting, match=f"^{complaint}") as refused:
        load(NatsSettings)
    assert "geheim" not in f"{refused.value}"
    monkeypatch.undo()
    own = {name.lower(): value for name, value in more.items()}
    with pytest.raises(ValueError, match=complaint) as direct:
        NatsSettings(url=url, **own)  # type: ignore[arg-type]  # what pydantic turns into a secret
    assert "geheim" not in f"{direct.value}"


def test_the_same_credentials_may_be_given_twice() -> None:
    twice = NatsSettings(url="nats://me:secret@a", user="me", password=SecretStr("secret"))
    assert twice == NatsSettings(url="nats://me:secret@a")
    assert "secret" not in repr(twice)
