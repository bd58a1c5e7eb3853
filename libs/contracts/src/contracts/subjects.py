"""Every NATS subject the system uses, built here and nowhere else.

An event's subject is ``conv.<shard>.<key>.<area>.<fact>``; an event that is work for one
responder has two tokens more, ``.<responder>.<event id>`` or ``.<responder>.-``, so that the
responder's durable consumer filters for its own and a sender finds with one read whether a
message was received before.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

MAX_KEY_LENGTH: Final = 128

LOG_STREAM: Final = "LOG"
LIVE_STREAM: Final = "LIVE"
DEAD_STREAM: Final = "DEAD"
PROBE_STREAM: Final = "PROBE"
ARCHIVE_STREAM: Final = "ARCHIVE"
PAYLOAD_BUCKET: Final = "PAYLOADS"
PAYLOAD_STREAM: Final = f"OBJ_{PAYLOAD_BUCKET}"

LOG_SUBJECTS: Final = "conv.>"
LIVE_SUBJECTS: Final = "live.>"
DEAD_SUBJECTS: Final = "dead.>"
ARCHIVED_SUBJECTS: Final = "archived.*"
RETURNING_SUBJECTS: Final = "returning.*"
VOICE_TAKEN_SUBJECTS: Final = "voicetaken.>"
RECORDED_PREFIX: Final = "log"
"""The server republishes what LOG has stored under this prefix: ``conv.x`` becomes ``log.x``."""

STORE_PREFIX: Final = "store//"
"""Keys that begin so are namespaces of the graphs' store, and no client's."""
ASSISTANT_PREFIX: Final = "assistant//"
"""Keys that begin so are assistants, and no client's."""

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_ENCODED_MARK = "="
_JOINERS: Final = {0x200C: None, 0x200D: None}
"""Zero-width joiner and non-joiner, without which neither Persian nor many emoji can be written."""
_REPLACEMENT = "\ufffd"
"""What stands for bytes that are no UTF-8, whichever they were: a key with it would be that of many."""


def assistant(assistant_id: str) -> str:
    """The key of an assistant that somebody has made."""
    return f"{ASSISTANT_PREFIX}{assistant_id}"


class InvalidKey(ValueError):
    """A conversation key that is empty, too long, or holds characters that do not print."""


def check_key(key: str) -> str:
    """Return a key that a client gives, unchanged.

    Raises:
        InvalidKey: if it is not 1 to 128 printable characters, or was not valid UTF-8, or is a store's or an
            assistant's.
    """
    for reserved in (STORE_PREFIX, ASSISTANT_PREFIX):
        if key.startswith(reserved):
            raise InvalidKey(f"must not begin with {reserved}")
    return check_any_key(key)


def check_any_key(key: str) -> str:
    """Return a key that an operator gives, those of `check_key` and others, unchanged. Raises as that."""
    if _REPLACEMENT in key:
        raise InvalidKey("must be valid UTF-8")
    return _check_characters(key)


def store(namespace: Sequence[str]) -> str:
    """The key of one namespace of the store; injective, and readable where it is short.

    Args:
        namespace: labels without ``.``, none of them empty.
    """
    path = ".".join(namespace)
    if len(path) + len(STORE_PREFIX) <= MAX_KEY_LENGTH and path.isprintable() and _REPLACEMENT not in path:
        return STORE_PREFIX + path
    digest = hashlib.sha256(path.encode(errors="surrogatepass")).hexdigest()
    return f"{STORE_PREFIX}.{digest}"


def _check_characters(key: str) -> str:
    if not key:
        raise InvalidKey("must not be empty")
    if len(key) > MAX_KEY_LENGTH:
        raise InvalidKey(f"must be at most {MAX_KEY_LENGTH} characters, has {len(key)}")
    shown = key.translate(_JOINERS)
    if not (shown and shown.isprintable()):
        raise InvalidKey("must hold printable characters only")
    return key


def encode_key(key: str) -> str:
    """Make a conversation key one subject token; injective, and readable where the key is plain ASCII."""
    if _PLAIN.issuperset(_check_characters(key)):
        return key
    return _ENCODED_MARK + urlsafe_b64encode(key.encode()).rstrip(b"=").decode("ascii")


def decode_key(token: str) -> str:
    """The inverse of `encode_key`."""
    if not token.startswith(_ENCODED_MARK):
        return token
    body = token[1:]
    return urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()


def shard(key: str) -> str:
    """Two hex digits that stay the same for a key on every machine and in every release."""
    return hashlib.blake2s(key.encode(), digest_size=1).hexdigest()


@lru_cache(maxsize=4096)  # of every delta and event, mostly for the conversations that are being answered
def _of(prefix: str, key: str) -> str:
    return f"{prefix}.{shard(key)}.{encode_key(key)}"


def conversation(key: str) -> str:
    """The canonical filter of one conversation: the literal string that guards every append to it."""
    return _of("conv", key) + ".>"


def event(key: str, event_type: str, *tokens: str) -> str:
    """The subject of one event, or of all events of that type when the last token is a wildcard."""
    return ".".join((_of("conv", key), event_type, *tokens))


def is_of(subject: str, event_type: str) -> bool:
    """Whether a subject is one of events of that type."""
    told = subject.split(".", 3)[-1]
    return told == event_type or told.startswith(f"{event_type}.")


def facts(pattern: str) -> str:
    """The filter of the events whose type (and tokens) fit, such as ``run.>``, over all conversations."""
    return f"conv.*.*.{pattern}"


def shard_subjects(shard: str) -> str:
    """All events of the conversations in a shard."""
    return f"conv.{shard}.>"


def recorded(key: str) -> str:
    """Where the events of one conversation are republished once they are stored."""
    return _of(RECORDED_PREFIX, key) + ".>"


def republished(subject: str) -> str:
    """Where an event is republished that is stored on a subject."""
    return f"{RECORDED_PREFIX}.{subject.removeprefix('conv.')}"


def recorded_everywhere(event_type: str) -> str:
    """Where the events of one type are republished, over all conversations."""
    return f"{RECORDED_PREFIX}.*.*.{event_type}"


def key_of(subject: str) -> str:
    """The conversation key in the subject of an event, a recorded event or a delta."""
    return decode_key(subject.split(".", 3)[2])


def work_for(responder: str) -> str:
    """The filter of all events that are work for one responder, over all conversations."""
    return f"conv.*.*.*.*.{responder}.*"


def live(key: str) -> str:
    """Where the deltas of one conversation are published."""
    return _of("live", key)


def archived(key: str) -> str:
    """Where it is kept that a conversation is archived: one of 65,536 subjects, each of many conversations,
    so that the server's memory does not grow with them."""
    return f"archived.{hashlib.blake2s(key.encode(), digest_size=2).hexdigest()}"


def returning(key: str) -> str:
    """Where it is kept that a conversation is being brought back, until it is."""
    return f"returning.{hashlib.blake2s(key.encode(), digest_size=16).hexdigest()}"


def inbox_prefix(user: str | None) -> str:
    """Where answers to a user's requests come to."""
    return f"_INBOX.{user}" if user else "_INBOX"


def voice_in(link: str) -> str:
    """Where the edge sends what the client of one voice link says."""
    return f"voice.{link}.in"


def voice_out(link: str) -> str:
    """Where voice-bridge sends what the client of one voice link is to be sent."""
    return f"voice.{link}.out"


def voice_taken(key: str) -> str:
    """Where it is announced that a conversation's voice session has begun on some replica."""
    return _of("voicetaken", key)


def query(name: str) -> str:
    """The request/reply subject of one query."""
    return f"query.{name}"


def dead(service: str, key: str) -> str:
    """Where a service puts what it could not handle; ``*`` for any service."""
    return f"dead.{service}.{shard(key)}.{encode_key(key)}"
