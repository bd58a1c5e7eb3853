"""How the streams are configured, and the consumers by which responders get their work."""

from typing import Any, Final

from contracts import subjects
from eventlog import sharding

GIB: Final = 1 << 30
MINUTE_NS: Final = 60 * 1_000_000_000
LIVE_MINUTES: Final = 10
LIVE_BYTES: Final = GIB // 4
RESPONDERS: Final = ("agent-runner", "quote-engine")
"""The services that take work from the log, each by a durable consumer of its name."""
TAKEOVER_SECONDS: Final = 2.0


def log_configuration(stream: int, streams: int, *, replicas: int, max_bytes: int) -> dict[str, Any]:
    """The configuration of one of the streams of the log."""
    beginning = sharding.beginning(stream)
    return {
        "name": sharding.name(stream),
        "subjects": sharding.subjects_of(stream, streams),
        "storage": "file",
        "num_replicas": replicas,
        "retention": "limits",
        "discard": "new",
        "max_bytes": max_bytes,
        "max_age": 0,
        "deny_delete": True,
        "allow_direct": True,
        "allow_atomic": True,
        "duplicate_window": 2 * MINUTE_NS,
        "republish": {"src": subjects.LOG_SUBJECTS, "dest": f"{subjects.RECORDED_PREFIX}.>"},
        **({"first_seq": beginning + 1} if beginning else {}),
    }


def configurations(
    *, replicas: int, log_bytes: int, live_bytes: int, streams: int = 1
) -> list[dict[str, Any]]:
    """The stream configurations; sizes in bytes, that of the log for all its `streams` together."""
    return [
        *(
            log_configuration(stream, streams, replicas=replicas, max_bytes=log_bytes // streams)
            for stream in range(streams)
        ),
        {
            "name": subjects.LIVE_STREAM,
            "subjects": [subjects.LIVE_SUBJECTS],
            "storage": "memory",
            "num_replicas": replicas,  # what only one server has, nobody can follow once it is lost
            "retention": "limits",
            "discard": "old",
            "max_bytes": live_bytes,
            "max_age": LIVE_MINUTES * MINUTE_NS,
            "allow_direct": True,
        },
        {
            "name": subjects.DEAD_STREAM,
            "subjects": [subjects.DEAD_SUBJECTS],
            "storage": "file",
            "num_replicas": replicas,
            "retention": "limits",
            "discard": "new",
            "max_bytes": GIB,
            "allow_direct": True,
        },
        {
            "name": subjects.PROBE_STREAM,
            "subjects": ["probe.>"],
            "storage": "file",
            "num_replicas": replicas,
            "max_msgs_per_subject": 1,
            "max_bytes": 1 << 20,
            "discard": "old",
            "allow_direct": True,
        },
        {
            "name": subjects.ARCHIVE_STREAM,
            "subjects": [subjects.ARCHIVED_SUBJECTS, subjects.RETURNING_SUBJECTS],
            "storage": "file",
            "num_replicas": replicas,
            "max_msgs_per_subject": 1,
            "max_bytes": -1,
            "allow_direct": True,
        },
        {
            "name": subjects.PAYLOAD_STREAM,
            "subjects": [f"$O.{subjects.PAYLOAD_BUCKET}.C.>", f"$O.{subjects.PAYLOAD_BUCKET}.M.>"],
            "storage": "file",
            "num_replicas": replicas,
            "discard": "new",
            "max_bytes": log_bytes,
            "allow_rollup_hdrs": False,
            "allow_direct": True,
        },
    ]


def consumer(responder: str, *, takeover_after: float, replicas: int) -> dict[str, Any]:
    """The configuration of the durable consumer by which a responder gets its work.

    How much is held at once is for those who hold it to bound: each takes what it has places for.
    """
    return {
        "name": responder,
        "durable_name": responder,
        "filter_subject": subjects.work_for(responder),
        "deliver_policy": "all",
        "ack_policy": "explicit",
        "replay_policy": "instant",
        "ack_wait": int(takeover_after * 1e9),
        "max_deliver": -1,
        "max_ack_pending": -1,
        "num_replicas": replicas,
    }
