"""What the pages tell to type can be typed: programs, options, files, targets and settings that there are.

Blocks of the kind ``sh run`` are run by `test_pages_run` besides; those here are of deployments and servers.
"""

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import typer.main
import yaml
from tests.docs.blocks import ROOT, Block, blocks, pages

from agent_runner.agents.tools.mcp import read_configuration
from agent_runner.engine.graph_settings import GraphSettings
from chassis.variables import PREFIX, VARIABLES
from parley.app import app

TARGETS: Final = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
COMPOSED: Final = set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])
ELSEWHERE: Final = {"NATS_SERVERS", "PYTHONPATH"}
"""Variables of programs that are not Parley's."""
ANYTHING: Final = {
    *("curl", "kubectl", "helm", "nats", "nats-server", "npm", "node", "python", "docker"),
    *("echo", "sh", "tar", "find", "cd", "["),
}
"""Programs of which only the files are looked at."""
SHELL: Final = {"do", "done", "then", "fi", "&&", "||", "|", ";", "(", ")"}
MARKED: Final = {"sh", "sh run", "sh serve"}
KINDS: Final = MARKED | {
    *("json", "text output", "json output", "json client", "json server", "json mcp", "toml graphs", "env"),
    *("python run", "python part", ""),
}
_PLACE: Final = re.compile(r"^\$?\{?[A-Z][A-Z_]+\}?$")
_ASSIGNED: Final = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_INLINE: Final = re.compile(r"`((?:\.venv/bin/)?(?:parley|make|docker compose|docker) [^`]+)`")

WRITTEN: Final = [block for page in pages() for block in blocks(page)]


@pytest.mark.parametrize("block", WRITTEN, ids=lambda block: f"{block.page}:{block.line}")
def test_a_block_can_be_typed(block: Block, tmp_path: Path) -> None:
    assert block.kind in KINDS, "say of what kind it is, so that it is tried"
    match block.kind:
        case "env":
            assert {line.partition("=")[0] for line in block.text.split()} <= VARIABLES
        case "json":
            json.loads(block.text)
        case "json mcp":
            file = tmp_path / "mcp.json"
            file.write_text(block.text)
            assert read_configuration(file)
        case "toml graphs":
            for settings in tomllib.loads(block.text)["graphs"].values():
                GraphSettings.model_validate(settings)
        case "python part":
            exec(compile(block.text, block.page, "exec"), {})  # noqa: S102 - a page of this repository
        case kind if kind in MARKED:
            for command in _commands(block.text):
                _try(command)


def _told_in_words() -> list[Any]:
    return [
        pytest.param(command, id=f"{page.relative_to(ROOT)}: {command}")
        for page in pages()
        for command in dict.fromkeys(_INLINE.findall(page.read_text()))
        if "…" not in command
    ]


@pytest.mark.parametrize("command", _told_in_words())
def test_a_command_in_a_sentence_can_be_typed(command: str) -> None:
    for each in _commands(command):
        _try(each)


def _commands(text: str) -> Iterator[list[str]]:
    """The simple commands of a shell's lines."""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        words.whitespace_split = True
        command: list[str] = []
        for word in words:
            if word in SHELL:
                yield command
                command = []
            else:
                command.append(word)
        yield command


def _try(command: Sequence[str]) -> None:
    words = list(command)
    while words and (assigned := _ASSIGNED.match(words[0])):
        name = assigned[1]
        assert name in VARIABLES or name in ELSEWHERE or not name.startswith(PREFIX), name
        words.pop(0)
    if not words or words[0] == "for":
        return
    for word in words:
        if word.startswith(("deploy/", "examples/", "docs/", "bench/")):
            assert (ROOT / word).exists(), word
    match [Path(words[0]).name, *words[1:]]:
        case ["parley", *arguments]:
            _parse(arguments)
        case ["make", *targets]:
            assert {target for target in targets if "=" not in target} <= TARGETS
        case ["docker", "compose", *arguments]:
            _compose(arguments)
        case [program, *_]:
            assert program in ANYTHING or program.endswith(".sh"), "the documents speak of it nowhere else"


def _compose(arguments: Sequence[str]) -> None:
    for file, option in zip(arguments[1:], arguments, strict=False):
        if option == "--env-file":
            assert (ROOT / file).exists(), file
    if "run" in arguments:
        (service, *rest) = [
            word for word in arguments[arguments.index("run") + 1 :] if not word.startswith("--")
        ]
        assert service in COMPOSED
        if service == "parley":
            _parse(rest)
        return
    for verb in ("stop", "start", "restart", "up", "logs"):
        if verb in arguments:
            named = [
                word for word in arguments[arguments.index(verb) + 1 :] if word.isalpha() or "-" in word[1:]
            ]
            assert {word for word in named if not word.startswith("--") and "=" not in word} <= COMPOSED


def _parse(arguments: Sequence[str]) -> None:
    """Read a command line as the program does, and do nothing."""
    given = ["1" if _PLACE.match(word) else word for word in arguments if word not in ("<", ">", "-")]
    if not given or given[0] in ("-h", "--help", "--version", "--install-completion", "1"):
        return
    command: Any = typer.main.get_command(app())
    while given and given[0] in getattr(command, "commands", ()):
        name, *given = given
        command = command.commands[name]
    assert not hasattr(command, "commands") or not given, f"there is no command {given[0]!r}"
    known = {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"-h"}
    options = {word.partition("=")[0] for word in given if re.match(r"-{1,2}[a-z]", word)}
    assert options <= known, f"{command.name} takes {sorted(known)}"
