"""What a run did: its plan's steps with their statuses and results, and what follows from them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent_runner.engine.outputs.wording import WORDS, Status, Words

_CHARACTERS_SHOWN: Final = 120


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the plan.

    Attributes:
        kind: what sort of step it is, such as ``search``.
        outcome: its result, JSON, or the error as text.
    """

    id: str
    kind: str
    tool: str
    description: str
    status: Status
    outcome: Any


@dataclass(frozen=True, slots=True)
class Account:
    """All there is to tell of a run."""

    goal: str
    words: Words
    steps: tuple[Step, ...]
    reply: str

    def count(self, status: Status) -> int:
        """How many steps have this status."""
        return sum(step.status == status for step in self.steps)

    def insights(self) -> Iterator[str]:
        """One line for each thing the results tell, with the figure it rests on."""
        for step in self.steps:
            if step.status == "failed":
                yield self.words.failed.format(step.description, shown(step.outcome))
            elif step.status == "completed":
                yield from _insights(step, self.words)


def account_of(state: Any, reply: str) -> Account:
    """The account of any graph's finished state, which tells of no steps."""
    return Account(goal="", words=WORDS["ko"], steps=(), reply=reply)


def shown(value: Any) -> str:
    """A value in one short line."""
    text = " ".join(str(value).split())
    return text if len(text) <= _CHARACTERS_SHOWN else text[: _CHARACTERS_SHOWN - 1] + "…"


def number(value: Any) -> str:
    """With thousands separators and at most one decimal; a dash for none."""
    if value is None:
        return "–"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.1f}"
    return f"{value:,.0f}" if isinstance(value, int | float) else shown(value)


def _insights(step: Step, words: Words) -> Iterator[str]:
    match step.outcome:
        case {
            "measure": measure,
            "total": total,
            "rows": [*rows],
            "group_by": group,
            "best": best,
            "worst": worst,
        }:
            yield words.total.format(measure, number(total), len(rows))
            yield words.best.format(measure, best[group], number(best["value"]))
            if len(rows) > 1:
                yield words.worst.format(measure, worst[group], number(worst["value"]))
            yield from _growth(step.outcome, rows, words)
        case {"measure": measure, "total": total}:
            yield words.sum.format(measure, number(total))
        case {"deleted": True, "title": title}:
            yield words.deleted.format(title)
        case {"outbox": [*_, to], "title": title}:
            yield words.sent.format(title, to)
        case {"fields": {"amount": amount}, "title": title}:
            yield words.document_amount.format(title, amount)
        case {"document_id": _, "title": title}:
            yield words.document.format(title)
        case [*rows]:
            yield words.found.format(step.description, len(rows))
        case _:
            pass


def _growth(result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], words: Words) -> Iterator[str]:
    if (growth := result.get("growth_percent")) is not None:
        yield words.growth.format(result["measure"], growth)
        return
    changes = [row for row in rows if row.get("change_percent") is not None]
    if changes:
        steepest = max(changes, key=lambda row: abs(row["change_percent"]))
        yield words.change.format(steepest[result["group_by"]], steepest["change_percent"])
