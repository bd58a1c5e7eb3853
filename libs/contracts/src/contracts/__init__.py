"""What Parley's services agree on: events, subjects, queries, live deltas and wire models.

Only pydantic and the standard library. Read `envelope`, then `subjects`, then `events`.
"""
