"""Chat models: `select` picks one by name; `embedded` is the rule-based one that needs no key,
`provider` whichever is asked over a network.

The embedded model's rules: `phrases` reads a text, `request` a conversation, `plans` says which tools
answer it, `replies` words the answer.
"""

from agent_runner.agents.models.select import others, select, usable

__all__ = ["others", "select", "usable"]
