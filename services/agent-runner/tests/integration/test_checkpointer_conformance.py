"""LangGraph's own suite for checkpointers, all of it: base, copy_thread, delete_for_runs and prune."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.conformance import checkpointer_test, validate

from agent_runner.engine.checkpointer import LogCheckpointSaver
from eventlog.author import Author
from eventlog.ports import Log

EXPECTED = {
    "put": 17,
    "put_writes": 10,
    "get_tuple": 10,
    "list": 16,
    "delete_thread": 5,
    "copy_thread": 8,
    "delete_for_runs": 7,
    "prune": 8,
}


class Forgetful(LogCheckpointSaver):
    """Reads everything from the log, as another process would."""

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        self.forget(config["configurable"]["thread_id"])
        return await super().aget_tuple(config)

    async def alist(self, config: RunnableConfig | None, **options: Any) -> AsyncGenerator[CheckpointTuple]:
        if config:
            self.forget(config["configurable"]["thread_id"])
        async for item in super().alist(config, **options):
            yield item


@pytest.mark.parametrize("kind", [LogCheckpointSaver, Forgetful])
async def test_all_of_the_conformance_suite(
    any_log: Log, kind: type[LogCheckpointSaver], capsys: pytest.CaptureFixture[str]
) -> None:
    @checkpointer_test(name=kind.__name__)
    async def checkpointer() -> AsyncGenerator[BaseCheckpointSaver[str]]:
        yield kind(any_log, Author(source="test"))

    report = await validate(checkpointer)

    failures = [failure for result in report.results.values() for failure in result.failures]
    passed = {name: result.tests_passed for name, result in report.results.items()}
    with capsys.disabled():
        print(f"\nconformance, {kind.__name__} over {type(any_log).__name__}: {sum(passed.values())} passed")  # noqa: T201  # the count is the proof
    assert not failures
    assert passed == EXPECTED
