"""The process itself, over a real NATS server."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from pydantic import BaseModel

from contracts import queries
from contracts.events import ConversationStarted, MessageReceived, RunCompleted
from contracts.queries import (
    Failure,
    Messages,
    MessagesQuery,
    SessionFound,
    SessionQuery,
    Sessions,
    SessionsQuery,
)
from eventlog.author import Author
from eventlog.broker import Broker
from eventlog.jetstream import JetStreamLog
from eventlog.query import Refused, ask
from eventlog.settings import NatsSettings

START_SECONDS = 20.0


def environment(nats_url: str, folder: Path, **more: str) -> dict[str, str]:
    return os.environ | {
        "PARLEY_NATS_URL": nats_url,
        "PARLEY_NATS_USER": "history-store",
        "PARLEY_NATS_PASSWORD": "history-store",
        "PARLEY_NATS_CONNECT_DEADLINE": "3",
        "PARLEY_DATA_DIR": str(folder),
        "PARLEY_HTTP_PORT": "0",
        "PARLEY_QUERY_WAIT": "0.3",
        **more,
    }


async def started(variables: dict[str, str], *arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "history_store", *arguments, env=variables, stdout=PIPE, stderr=PIPE
    )


@asynccontextmanager
async def serving(variables: dict[str, str]) -> AsyncIterator[str]:
    """A running service, by the address of its health routes; it has to end well."""
    process = await started(variables)
    try:
        assert process.stderr
        async with asyncio.timeout(START_SECONDS):
            while b"listens on" not in (line := await process.stderr.readline()):
                assert line, "the service ended"
        yield f"http://{line.decode().split()[-1]}"
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        try:
            _, errors = await asyncio.wait_for(process.communicate(), START_SECONDS)
        except TimeoutError:
            process.kill()
            raise
    assert process.returncode == 0, errors.decode()


def get(url: str) -> tuple[int, str]:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - the test's own address
            return answer.status, answer.read().decode()
    except HTTPError as error:
        with error:
            return error.code, error.read().decode()


async def test_it_answers_from_the_log_and_goes_on_after_a_restart(
    broker: Broker, log: JetStreamLog, nats_settings: NatsSettings, tmp_path: Path, conversation: str
) -> None:
    author = Author("test")
    events = [
        ConversationStarted(responder_name="agent-runner", protocol="octo", user_id=conversation),
        MessageReceived(addressee="agent-runner", text="안녕", protocol="octo"),
        RunCompleted(run_id="r", message_sequence=2, text="반가워요"),
    ]
    stored = await log.append([author.envelope(conversation, event) for event in events], expected=0)
    last = stored[-1].sequence
    variables = environment(nats_settings.url, tmp_path)
    for _ in range(2):
        async with serving(variables) as url:
            question = MessagesQuery(conversation=conversation, at_least=last)
            found = await wait_for_answer(broker, question)
            assert [message.content for message in found.messages] == ["안녕", "반가워요"]
            assert found.session
            assert found.session.status == "completed"
            listed = await ask(
                broker,
                queries.SESSIONS,
                SessionsQuery(user_id=conversation),
                Sessions,
                timeout_seconds=5,
            )
            assert (listed.total, listed.sessions[0].key) == (1, conversation)
            assert await asyncio.to_thread(get, f"{url}/livez") == (200, '{"status": "alive"}')
            assert await asyncio.to_thread(get, f"{url}/readyz") == (200, '{"status": "ready"}')
            _, metrics = await asyncio.to_thread(get, f"{url}/metrics")
            assert f"parley_history_position {float(last)}" in metrics


async def wait_for_answer(broker: Broker, question: MessagesQuery) -> Messages:
    """The answer once the projection has come so far; each refusal has waited already."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                return await ask(broker, queries.MESSAGES, question, Messages, timeout_seconds=5)
            except Refused as refused:
                if refused.failure.failure != "behind":
                    raise


class Wrong(BaseModel):
    limit: str = "many"


async def test_bad_questions_and_late_ones_are_told_so(
    broker: Broker, log: JetStreamLog, nats_settings: NatsSettings, tmp_path: Path
) -> None:
    async with serving(environment(nats_settings.url, tmp_path)):
        with pytest.raises(Refused) as refused:
            await ask(broker, queries.MESSAGES, Wrong(), Messages, timeout_seconds=5)
        assert refused.value.failure.failure == "invalid"
        assert "conversation" in refused.value.failure.message
        reply = await broker.client.request(f"query.{queries.SESSION}", b"{no json", timeout=5)
        assert Failure.model_validate(json.loads(reply.data)).failure == "invalid"
        late = SessionQuery(conversation="x", at_least=await log.position() + 1000)
        with pytest.raises(Refused) as refused:
            await ask(broker, queries.SESSION, late, SessionFound, timeout_seconds=5)
        assert refused.value.failure.failure == "behind"


@pytest.mark.parametrize(
    ("variables", "reason", "code"),
    [
        (
            {"PARLEY_NATS_URL": "nats://127.0.0.1:1", "PARLEY_NATS_CONNECT_DEADLINE": "0.5"},
            "NATS does not answer",
            1,
        ),
        ({"PARLEY_DATABASE_URL": "mysql://host/db"}, "PARLEY_DATABASE_URL: must begin with", os.EX_CONFIG),
        ({"PARLEY_HTTP_PORT": "high"}, "PARLEY_HTTP_PORT: Input should be a valid integer", os.EX_CONFIG),
        ({"PARLEY_DATABASE_URL": "postgresql://127.0.0.1:1/db"}, "refused", 1),
    ],
)
async def test_what_keeps_it_from_starting_is_one_line(
    nats_settings: NatsSettings, tmp_path: Path, variables: dict[str, str], reason: str, code: int
) -> None:
    process = await started(environment(nats_settings.url, tmp_path, **variables))
    _, errors = await asyncio.wait_for(process.communicate(), START_SECONDS)
    assert process.returncode == code
    assert reason in errors.decode().splitlines()[-1]
    assert "Traceback" not in errors.decode()


async def test_rebuild_verifies_and_swaps_from_the_command_line(
    broker: Broker, log: JetStreamLog, nats_settings: NatsSettings, tmp_path: Path, conversation: str
) -> None:
    event = ConversationStarted(responder_name="agent-runner", protocol="octo")
    (stored,) = await log.append([Author("test").envelope(conversation, event)], expected=0)
    variables = environment(nats_settings.url, tmp_path)
    async with serving(variables):
        await wait_for_answer(broker, MessagesQuery(conversation=conversation, at_least=stored.sequence))
        for arguments, said in ((["--verify"], "are those of the log"), ([], "rebuilt rows are live")):
            process = await started(variables, "rebuild", *arguments)
            output, errors = await asyncio.wait_for(process.communicate(), START_SECONDS)
            assert process.returncode == 0, errors.decode()
            assert said in output.decode()
            assert "digest sha256:" in output.decode()
