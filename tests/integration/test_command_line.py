"""The parley command as people and programs use it, on a running stack and where there is none."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from parley.stack import nats

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
    told = [json.loads(line) for line in parley(stack, "replay", key, "--json").stdout.splitlines()]
    assert told[0] == {"sequence": events[1]["sequence"], "who": "person", "text": "get all contacts"}


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
    ended = parley(stack, "archive", "--back", "nobody")
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1)
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


def test_who_reads_a_part_of_the_results_sees_no_error(stack: Any) -> None:
    key = f"terminal-{uuid4()}"
    parley(stack, "chat", key, said="get all contacts\n\n")
    command = f"'{sys.executable}' -m parley show {key} --full | head -1"
    shown = subprocess.run(
        ["bash", "-c", command], env=stack._environment(), cwd=stack.folder, capture_output=True, text=True
    )
    assert shown.stdout.count("\n") == 1
    assert shown.stderr == ""


def test_a_stack_that_does_not_run_is_said(tmp_path: Path, unused_port: Callable[[], int]) -> None:
    own = {"PARLEY_DATA_DIR": str(tmp_path / "data"), "PARLEY_PORT": str(unused_port())}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    for command, said in (
        (["chat"], "start Parley with `parley up`"),
        (["conversations"], "there is no log"),
        (["logs"], "`parley up` has not run here"),
        (["status"], "nothing is running"),
        (["up", "--config", "/nowhere.json"], "/nowhere.json cannot be read: No such file"),
    ):
        ended = subprocess.run(
            [sys.executable, "-m", "parley", *command],
            env=kept | own,
            cwd=tmp_path,
            input="hello\n",
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert (ended.returncode, ended.stdout) == (2 if command[0] == "up" else 1, ""), command
        assert said in ended.stderr


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


def test_the_services_logs(stack: Any) -> None:
    said = parley(stack, "logs", "--lines", "100000").stdout.splitlines()
    assert {"agent-runner", "edge-rest"} <= {line.partition("|")[0].strip() for line in said}
    own = parley(stack, "logs", "agent-runner", "-n", "3").stdout.splitlines()
    assert 0 < len(own) <= 3
    assert all(line.startswith("agent-runner") for line in own)
    last = parley(stack, "logs", "edge-rest", "-n", "1", "--json").stdout
    assert json.loads(last)["service"] == "edge-rest"
    unknown = parley(stack, "logs", "nobody")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "there is no service 'nobody'" in unknown.stderr


def test_a_deployment_elsewhere_is_named_by_options(stack: Any, tmp_path: Path) -> None:
    key = f"elsewhere-{uuid4()}"
    parley(stack, "chat", key, said="hello\n\n")
    data = stack.folder / "data"
    password = tmp_path / "password"
    password.write_text(f"{nats.password('operator', (data / 'nats.secret').read_text().strip())}\n")
    url = f"nats://127.0.0.1:{stack.inner_ports()['nats-server']}"
    there = ("--nats", url, "--password-file", str(password))
    elsewhere = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}

    def asked(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "parley", *command],
            env=elsewhere,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    assert "message.received" in asked("show", key, *there).stdout
    assert key in asked("conversations", "--search", key, "--json", *there).stdout
    assert json.loads(asked("dead", "list", "--json", *there).stdout) == []
    named = url.replace("//", f"//operator:{password.read_text().strip()}@")
    assert "message.received" in asked("show", key, "--nats", named).stdout
    password.write_text("wrong")
    differs = asked("show", key, "--nats", named, "--password-file", str(password))
    assert (differs.returncode, differs.stderr.count("\n")) == (1, 1)
    assert "PARLEY_NATS_URL has other credentials than PARLEY_NATS_USER" in differs.stderr
    refused = asked("show", key, *there)
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
    assert asked("show", key, "--user", "operator").returncode == 2
    assert asked("show", key, "--nats", url, "--password-file", "/nowhere").returncode == 2


def test_erase_refuses_a_key_that_no_conversation_has(stack: Any) -> None:
    ended = parley(stack, "erase", "--yes", "nobody")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "parley: there is no conversation 'nobody'\n"
    assert parley(stack, "show", "nobody").returncode == 1


def test_a_conversation_goes_through_a_pipe(stack: Any) -> None:
    key = f"pipe-{uuid4()}"
    parley(stack, "chat", key, said="hello\n\n")
    written = parley(stack, "export", key, "--output", "-").stdout
    assert parley(stack, "erase", "--yes", key).returncode == 0
    taken = parley(stack, "import", "-", said=written)
    assert (taken.returncode, repr(key) in taken.stdout) == (0, True), taken.stderr
    assert "message.received" in parley(stack, "show", key).stdout


def test_doctor_looks_at_all_and_says_what_is_wrong(stack: Any, tmp_path: Path) -> None:
    well = {each["check"]: each for each in json.loads(parley(stack, "doctor", "--json").stdout)}
    assert [name for name, each in well.items() if not each["ok"]] == []
    assert "as they are needed" in well["NATS and streams"]["finding"]
    assert well["graphs"]["finding"] == "chat, planner"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    ended = subprocess.run(
        [sys.executable, "-m", "parley", "doctor", "--json"],
        env=kept
        | {"PARLEY_QUOTE_WAIT": "-3", "PARLEY_GRAPHS": "x=nowhere:graph", "PARLEY_MCP_CONFIG": "/nowhere"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert ended.returncode == 1
    wrong = {each["check"]: each["finding"] for each in json.loads(ended.stdout) if not each["ok"]}
    assert "PARLEY_QUOTE_WAIT" in wrong["services' settings"]
    assert "nowhere" in wrong["graphs"]
    assert "/nowhere" in wrong["MCP servers"]
