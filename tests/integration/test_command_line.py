"""The parley command as people and programs use it, on a running stack and where there is none."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

SECONDS = 60


def parley(stack: Any, *command: str, said: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "parley", *command],
        env=stack._environment(),
        cwd=stack.folder,
        input=said,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )


def test_a_talk_in_the_terminal_is_listed_shown_and_replayed(stack: Any) -> None:
    key = f"terminal-{uuid4()}"
    talk = parley(stack, "chat", key, said="get all contacts\n계약서를 작성해주세요\n아니요\n\n")
    assert talk.returncode == 0, talk.stderr
    assert "Execution summary" in talk.stdout
    assert "계약서 작성을 진행하시겠습니까?" in talk.stdout

    (listed,) = json.loads(parley(stack, "conversations", "--search", key, "--json").stdout)
    assert (listed["key"], listed["protocol"], listed["status"]) == (key, "octo", "completed")
    assert key[:20] in parley(stack, "conversations", "--search", key).stdout

    events = [json.loads(line) for line in parley(stack, "show", key, "--json").stdout.splitlines()]
    assert [event["type"] for event in events][:2] == ["conversation.started", "message.received"]
    asked = next(event for event in events if event["type"] == "run.interrupted")
    replayed = parley(stack, "replay", key, "--to", str(asked["sequence"])).stdout
    assert "계약서 작성을 진행하시겠습니까?" in replayed
    assert "진행하지 않기로" not in replayed
    assert "진행하지 않기로" in parley(stack, "replay", key).stdout


def test_nothing_that_a_terminal_would_obey_is_printed(stack: Any) -> None:
    key = f"terminal-{uuid4()}"
    parley(stack, "chat", key, said="hello \u202e\x1b[31mworld\n\n")
    for command in (("show", key, "--full"), ("replay", key)):
        shown = parley(stack, *command).stdout
        assert "\\u202e" in shown
        assert not {"\u202e", "\x1b"} & set(shown)


def test_results_are_alone_on_stdout_and_codes_mean_something(stack: Any) -> None:
    listed = parley(stack, "dead", "list", "--json")
    assert json.loads(listed.stdout) == []
    assert parley(stack, "dead", "list").stdout == ""
    for command in (("show", "nobody"), ("replay", "nobody"), ("export", "nobody")):
        ended = parley(stack, *command)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == "parley: there is no conversation 'nobody'\n"
    token = parley(stack, "token", "--user", "kim")
    assert token.stdout.count(".") == 2
    assert "signed with" in token.stderr
    assert parley(stack, "token", "--user", " ").returncode == 2
    assert parley(stack, "conversations", "--status", "odd").returncode == 2
    assert parley(stack, "--version").stdout.startswith("parley ")
    assert parley(stack, "-h").returncode == 0


def test_no_secret_is_made_where_there_is_no_installation(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    ended = subprocess.run(
        [sys.executable, "-m", "parley", "token", "--user", "kim"],
        env=kept,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "run `parley up` first" in ended.stderr
    assert not (tmp_path / ".parley").exists()
