"""The parley command and the embedded stack.

Read :mod:`parley.app` for the commands, :mod:`parley.stack` for the supervisor and :mod:`parley.front_door`
for the proxy on the public ports.
"""
