"""The chat form: counts, insights, and the reply."""

from agent_runner.engine.outputs.account import Account


def summary_of(account: Account) -> str:
    """Text of three parts, empty lines between them."""
    words = account.words
    ran = account.count("completed") + account.count("failed")
    counts = [f"- {words.steps_run.format(ran)}"]
    counts += [
        f"- {words.counted.format(name, account.count(status))}"
        for status, name in words.statuses.items()
        if status == "completed" or account.count(status)
    ]
    insights = list(account.insights()) or [words.no_insights]
    return "\n\n".join(
        (
            "\n".join((words.summary, *counts)),
            "\n".join((f"💡 {words.insights}", *insights)),
            "\n".join((words.reply, account.reply)),
        )
    )
