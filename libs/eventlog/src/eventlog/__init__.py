"""The append-only log on NATS JetStream: append, read, follow, live deltas, queries, dead letters.

Read `ports` for what a log promises, `jetstream` for the real one, `memory` for the one in tests; of a
service that answers messages, `work` and `deliveries` bring them, `turns` orders and `journal` writes.
"""
