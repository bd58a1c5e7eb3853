"""The embedded stack: nats-server, the services and the gateway as supervised processes of one machine.

Started as ``python -m parley.stack`` (what ``parley up`` becomes), so that the process that stays is small.
Read :mod:`parley.stack.supervisor` next, and :mod:`parley.stack.services` for what is started.
"""
