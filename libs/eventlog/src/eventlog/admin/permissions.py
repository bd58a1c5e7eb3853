"""What each user of NATS may do, and no more: the table that `eventlog.admin.accounts` writes for the server.

The supervisor of the embedded stack reads this as well, so nothing heavy is imported here.
"""

from dataclasses import dataclass
from typing import Final, Literal

from contracts import subjects
from eventlog import sharding

OPERATOR: Final = "operator"
LOG_STREAMS: Final = tuple(sharding.name(stream) for stream in range(sharding.MAX_STREAMS))
"""Those that the log may have: the server's configuration stays as it is when it gets more."""
STREAMS: Final = (
    subjects.LOG_STREAM,
    subjects.LIVE_STREAM,
    subjects.DEAD_STREAM,
    subjects.PROBE_STREAM,
    subjects.ARCHIVE_STREAM,
    subjects.PAYLOAD_STREAM,
)


@dataclass(frozen=True, slots=True)
class User:
    """A service as a user of NATS, beside what every service may: read the log, its large payloads and what
    is archived, and have a conversation brought back.

    Attributes:
        name: of the user, the service and, where it `works`, its durable consumer.
        appends: the types of the events it appends, wildcards allowed.
        asks: the queries it asks, wildcards allowed.
        answers: the queries it answers, wildcards allowed.
        works: it takes work from the log.
        speaks: it publishes live deltas.
        listens: it receives live deltas, and reads those that are kept.
        dead_letters: it writes them.
        deals: it reads dead letters and removes them, for an operator who asks it to.
        links: the end it has of the links that voice frames go by.
    """

    name: str
    appends: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    works: bool = False
    speaks: bool = False
    listens: bool = False
    dead_letters: bool = False
    deals: bool = False
    links: Literal["client", "service"] | None = None

    @property
    def password(self) -> str:
        """The variable that holds the password."""
        return variable(self.name)

    def calls(self) -> list[str]:
        """The subjects it publishes to for the server to store or answer, or another service to answer."""
        read = (
            *LOG_STREAMS,
            *((subjects.LIVE_STREAM,) if self.listens else ()),
            *((subjects.DEAD_STREAM,) if self.deals else ()),
        )
        return [
            *(f"$JS.API.STREAM.INFO.{stream}" for stream in (*STREAMS, *LOG_STREAMS[1:])),
            *(
                f"$JS.API.STREAM.MSG.GET.{stream}"
                for stream in (
                    *read,
                    subjects.PROBE_STREAM,
                    subjects.ARCHIVE_STREAM,
                    subjects.PAYLOAD_STREAM,
                )
            ),
            *(
                f"$JS.API.DIRECT.GET.{stream}"
                for stream in (*read, subjects.ARCHIVE_STREAM, subjects.PAYLOAD_STREAM)
            ),
            f"probe.{self.name}",
            subjects.query("archive.return"),
            *(subjects.facts(pattern) for pattern in self.appends),
            *((f"$O.{subjects.PAYLOAD_BUCKET}.>",) if self.appends else ()),
            *(subjects.query(name) for name in self.asks),
            *(self._work() if self.works else ()),
            *((subjects.LIVE_SUBJECTS,) if self.speaks else ()),
            *((f"dead.{self.name}.>",) if self.dead_letters else ()),
            *((f"$JS.API.STREAM.MSG.DELETE.{subjects.DEAD_STREAM}",) if self.deals else ()),
        ]

    def sends(self) -> list[str]:
        """The subjects it publishes to for other services to hear."""
        return [*((subjects.LIVE_SUBJECTS,) if self.speaks else ()), *_SENDS_BY[self.links]]

    def answered(self) -> list[str]:
        """The subjects of what it is asked."""
        return [subjects.query(f"ping.{self.name}"), *(subjects.query(name) for name in self.answers)]

    def hears(self) -> list[str]:
        """The subjects of what it is told unasked."""
        return [
            f"{subjects.RECORDED_PREFIX}.>",
            *((subjects.LIVE_SUBJECTS,) if self.listens else ()),
            *_RECEIVES_BY[self.links],
        ]

    def publish(self) -> list[str]:
        """The subjects it may publish to."""
        return list(dict.fromkeys([*self.calls(), *self.sends()]))

    def subscribe(self) -> list[str]:
        """The subjects it may subscribe to."""
        return [f"{subjects.inbox_prefix(self.name)}.>", *self.answered(), *self.hears()]

    def _work(self) -> tuple[str, ...]:
        """Its own durable consumers, which the operator has made: found, asked for work, answered."""
        return tuple(
            subject
            for stream in LOG_STREAMS
            for subject in (
                f"$JS.API.CONSUMER.INFO.{stream}.{self.name}",
                f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{self.name}",
                f"$JS.ACK.{stream}.{self.name}.>",
            )
        )


_SENDS_BY: Final = {
    None: (),
    "client": (subjects.voice_in("*"),),
    "service": (subjects.voice_out("*"), subjects.VOICE_TAKEN_SUBJECTS),
}
_RECEIVES_BY: Final = {
    None: (),
    "client": (subjects.voice_out("*"),),
    "service": (subjects.voice_in("*"), subjects.VOICE_TAKEN_SUBJECTS),
}

_RECEIVED: Final = ("conversation.>", "message.>", "control.>")

USERS: Final = (
    User(
        "edge-ws",
        appends=(*_RECEIVED, "voice.session_created", "voice.session_claimed", "voice.settings_changed"),
        asks=("voice.open", "runner.graphs", "history.assistants"),
        listens=True,
        links="client",
    ),
    User(
        "edge-rest",
        appends=(*_RECEIVED, "voice.session_created"),
        asks=("history.*", "runner.*", "ping.*"),
        listens=True,
        deals=True,
    ),
    User(
        "agent-runner",
        appends=(
            *("run.>", "checkpoint.>", "document.>", "store.>", "voice.tool_called", "voice.tool_returned"),
            "conversation.started",  # a fork is a beginning, and so is a namespace of the store
            "conversation.deleted",  # a conversation of one run ends with it
            "control.request_taken.>",  # a state that is changed from outside
        ),
        asks=("history.item", "history.items", "history.namespaces"),
        answers=("runner.*",),
        works=True,
        speaks=True,
        dead_letters=True,
    ),
    User(
        "quote-engine",
        appends=("run.>", "quote.>"),
        asks=("history.quotations",),
        works=True,
        speaks=True,
        dead_letters=True,
    ),
    User(
        "voice-bridge",
        appends=("conversation.started", "message.>", "control.>", "voice.>"),
        asks=("runner.spoken_commands", "runner.offered_tools", "runner.call_tool"),
        answers=("voice.open",),
        listens=True,
        links="service",
    ),
    User("history-store", answers=("history.*",), dead_letters=True),
)


def variable(user: str) -> str:
    """The variable of the server's configuration that holds a user's password."""
    return f"{user.replace('-', '_').upper()}_PASSWORD"
