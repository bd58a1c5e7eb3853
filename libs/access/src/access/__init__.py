"""Who may reach what at the edges, and how much of it, decided in one place for every protocol.

`guard` is the ASGI middleware in front of an edge's application, `ownership` the log that its endpoints
read and write. Read `visitor` for what both know of a client, then `shapes` for how it is refused.
"""
