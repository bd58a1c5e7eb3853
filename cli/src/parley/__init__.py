"""The parley command and the embedded stack.

Read :mod:`parley.app` for the commands and :mod:`parley.stack` for the supervisor.
"""
