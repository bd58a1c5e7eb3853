"""The report form: Markdown with the tables that ordinary converters know."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from agent_runner.engine.outputs.account import Account, Step, shown
from agent_runner.engine.outputs.tables import rows_table, table

_HEADING: Final = re.compile(r"^(#+) ", re.MULTILINE)
_REPLY_LEVEL: Final = 2
_DEEPEST_LEVEL: Final = 6


def report_of(account: Account, at: datetime) -> str:
    """The whole report; `at` is aware and shown in UTC."""
    words = account.words
    moment = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    insights = [f"- {line}" for line in account.insights()] or [words.no_insights]
    parts = [
        f"# {words.report}",
        f"**{words.made_at}**: {moment}",
        f"## {words.report_summary}",
        account.goal or shown(account.reply),
        f"## {words.statistics}",
        table((words.item, words.figure), _statistics(account)),
        f"## 💡 {words.insights}",
        "\n".join(insights),
        f"## {words.details}",
        *(_details(account) or [words.no_steps]),
        f"## {words.conclusion}",
        _HEADING.sub(_demoted, account.reply),
    ]
    return "\n\n".join(parts) + "\n"


def _demoted(heading: re.Match[str]) -> str:
    """A heading of the reply, below the report's own."""
    return "#" * min(len(heading[1]) + _REPLY_LEVEL, _DEEPEST_LEVEL) + " "


def _statistics(account: Account) -> Iterator[tuple[str, str]]:
    words = account.words
    yield words.steps_total, words.count.format(len(account.steps))
    for status, name in words.statuses.items():
        count = account.count(status)
        if count or status == "completed":
            yield name, words.count.format(count)
    if account.steps:
        yield words.success_rate, f"{100 * account.count('completed') / len(account.steps):.0f}%"


def _details(account: Account) -> list[str]:
    return [
        part
        for position, step in enumerate(account.steps, 1)
        for part in (f"### {position}. {step.description}", *_step(step, account))
    ]


def _step(step: Step, account: Account) -> Iterator[str]:
    words = account.words
    yield f"- **{words.status}**: {words.statuses[step.status]} (`{step.tool}`)"
    match step.outcome:
        case None:
            return
        case {"document_id": document_id, "title": title}:
            yield f"- **{words.result}**: {title} ({document_id})"
        case [{}, *_] as rows:
            yield rows_table(rows)
        case {"rows": [{}, *_] as rows}:
            yield rows_table(rows)
        case other:
            yield f"- **{words.result}**: {shown(other)}"
