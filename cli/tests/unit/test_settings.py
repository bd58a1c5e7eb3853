"""The settings of the stack, from the environment and a file."""

from pathlib import Path

import pytest

from parley.settings import Settings, SettingsError

NOWHERE = Path("/nonexistent/.env")
ROOT = Path(__file__).parents[3]


def test_the_example_changes_nothing() -> None:
    assert Settings.load({}, ROOT / ".env.example").ports == Settings.load({}, NOWHERE).ports


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("PARLEY_PORT=1001\nexport PARLEY_QUOTE_PORT='1002' # a comment\nOTHER_KEY=x\n")
    settings = Settings.load({"PARLEY_PORT": "1003"}, dotenv)
    assert (settings.ports["PARLEY_PORT"], settings.ports["PARLEY_QUOTE_PORT"]) == (1003, 1002)
    assert settings.environment["OTHER_KEY"] == "x"


def test_a_port_that_nobody_chose_may_be_left_out() -> None:
    assert Settings.load({}, NOWHERE).optional == {"PARLEY_LANGGRAPH_PORT"}
    assert not Settings.load({"PARLEY_LANGGRAPH_PORT": "2024"}, NOWHERE).optional


def test_an_empty_setting_is_its_default() -> None:
    settings = Settings.load({"PARLEY_PORT": "", "PARLEY_MODEL": ""}, NOWHERE)
    assert settings.ports["PARLEY_PORT"] == 8000
    assert "PARLEY_MODEL" not in settings.environment


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"PARLEY_PROT": "1"}, "PARLEY_PROT"),
        ({"PARLEY_PORT": "eight"}, "PARLEY_PORT"),
        ({"PARLEY_PORT": "65536"}, "PARLEY_PORT"),
        ({"PARLEY_PORT": "3001"}, "PARLEY_PORT and PARLEY_QUOTE_PORT"),
        ({"PARLEY_HOST": "192.0.2.1"}, "PARLEY_ALLOW_INSECURE_BIND"),
        ({"PARLEY_HOST": "::"}, "PARLEY_ALLOW_INSECURE_BIND"),
        ({"PARLEY_HOST": "example.org"}, "PARLEY_HOST"),
    ],
)
def test_what_cannot_be_used_is_named_in_one_line(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named) as error:
        Settings.load(environ, NOWHERE)
    assert "\n" not in str(error.value)


def test_another_address_can_be_allowed() -> None:
    environ = {"PARLEY_HOST": "192.0.2.1", "PARLEY_ALLOW_INSECURE_BIND": "yes"}
    assert Settings.load(environ, NOWHERE).host == "192.0.2.1"


def test_another_address_is_allowed_where_keys_are_asked_for() -> None:
    environ = {"PARLEY_HOST": "192.0.2.1", "PARLEY_API_KEYS": "0123456789abcdef"}
    assert Settings.load(environ, NOWHERE).host == "192.0.2.1"
    with pytest.raises(SettingsError, match="PARLEY_API_KEYS"):
        Settings.load(environ | {"PARLEY_API_KEYS": " , "}, NOWHERE)
