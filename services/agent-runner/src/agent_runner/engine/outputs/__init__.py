"""What a run has to show, in the form the message asked for; pure.

Begin at `account` (what the run did), then a module a form: `summary`, `graph`, `report`.
"""

from datetime import datetime
from typing import Any

from agent_runner.engine.outputs.account import Account
from agent_runner.engine.outputs.graph import graph_of
from agent_runner.engine.outputs.report import report_of
from agent_runner.engine.outputs.summary import summary_of
from contracts.events.message import OutputFormat


def presented(form: OutputFormat, account: Account, at: datetime) -> Any:
    """The result as JSON; None where it is the reply as it is.

    Args:
        at: when the run was asked for, aware; reports carry it in UTC.
    """
    match form:
        case "chat":
            return summary_of(account) if account.steps else None
        case "graph":
            return graph_of(account)
        case "report":
            return report_of(account, at)
