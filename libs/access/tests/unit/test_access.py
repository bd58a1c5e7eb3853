"""What a client presents, where it wants to go, and which conversations it reaches."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from pydantic import ValidationError

from access.limits import Bucket
from access.ownership import GuardedLog, NotYours, TooManyConversations, count_beginning
from access.pages import Hosts
from access.settings import AccessSettings
from access.visitor import VISITOR, ApiKeys, Members, Presented, Visitor
from contracts.events import ConversationDeleted, ConversationStarted, Event, VoiceSessionClaimed
from eventlog.author import Author
from eventlog.memory import MemoryLog
from identity.verifier import JwtVerifier
from protocols.door import Destination
from protocols.doors import body, destination, frame

SECRET = "a secret of at least thirty-two bytes"
KEYS = ("0123456789abcdef", "fedcba9876543210")


def token(user: str, secret: str = SECRET) -> str:
    expires = datetime.now(UTC) + timedelta(minutes=1)
    return jwt.encode({"sub": user, "exp": expires}, secret, algorithm="HS256")


def visit(presented: str | None, beginnings: Bucket | None = None) -> None:
    VISITOR.set(Visitor(Members(JwtVerifier(SECRET)), presented, beginnings))


@pytest.fixture(autouse=True)
def nobody() -> Iterator[None]:
    before = VISITOR.set(None)
    yield
    VISITOR.reset(before)


async def told(*events: Event) -> GuardedLog:
    log, author = MemoryLog(), Author("test")
    for event in events:
        await log.append([author.envelope("c", event)], expected=await log.tail("c"))
    return GuardedLog(log)


def started(owner: str | None = None) -> ConversationStarted:
    return ConversationStarted(responder_name="agent-runner", protocol="voice", owner=owner)


OWNED_BY_ALICE: tuple[tuple[Event, ...], ...] = (
    (started("alice"),),
    (started(), VoiceSessionClaimed(owner="alice")),
    (started("bob"), ConversationDeleted(), started("alice")),
)
OWNED_BY_NOBODY: tuple[tuple[Event, ...], ...] = (
    (),
    (started(),),
    (started("alice"), ConversationDeleted()),
    (started(), VoiceSessionClaimed(owner="alice"), ConversationDeleted(), started()),
)


@pytest.mark.parametrize("events", OWNED_BY_ALICE)
@pytest.mark.parametrize("presented", [None, "nonsense", token("bob"), token("alice", "x" * 32)])
async def test_a_conversation_is_hidden_from_others(events: tuple[Event, ...], presented: str | None) -> None:
    log = await told(*events)
    visit(presented)
    with pytest.raises(NotYours):
        await log.tail("c")
    with pytest.raises(NotYours):
        await log.last("c", ">")
    with pytest.raises(NotYours):
        await log.next("c", ">", after=0)
    with pytest.raises(NotYours):
        await anext(log.read("c"))
    with pytest.raises(NotYours):
        async with log.follow("c", after=0):
            pytest.fail("it can be followed")
    with pytest.raises(NotYours):
        await log.append([Author("test").envelope("c", ConversationDeleted())], expected=1)


@pytest.mark.parametrize("events", OWNED_BY_ALICE)
async def test_its_owner_reaches_it(events: tuple[Event, ...]) -> None:
    log = await told(*events)
    visit(token("alice"))
    assert await log.tail("c") == len(events)


@pytest.mark.parametrize("events", OWNED_BY_NOBODY)
@pytest.mark.parametrize("presented", [None, "nonsense", token("bob")])
async def test_a_conversation_of_nobody_is_everybodys(
    events: tuple[Event, ...], presented: str | None
) -> None:
    log = await told(*events)
    visit(presented)
    assert await log.tail("c") == len(events)


async def test_a_visitor_cannot_follow_everything() -> None:
    log = await told()
    visit(token("alice"))
    with pytest.raises(NotYours):
        log.follow_all(after=0)


async def test_a_key_begins_so_many_conversations_and_no_more() -> None:
    log = await told()
    visit(None, Bucket(1, 1, lambda: 0.0))
    author = Author("test")
    await log.append([author.envelope("a", started())], expected=0)
    with pytest.raises(TooManyConversations):
        await log.append([author.envelope("b", started())], expected=0)


def test_what_another_service_begins_for_a_visitor_counts_as_well() -> None:
    visit(None, Bucket(1 / 60, 1, lambda: 0.0))
    count_beginning()
    with pytest.raises(TooManyConversations):
        count_beginning()


@pytest.mark.parametrize(
    ("responder", "protocol", "reached"), [("quote-engine", "quote", True), ("agent-runner", "octo", False)]
)
async def test_pages_of_other_origins_reach_conversations_of_quote_engine_alone(
    responder: str, protocol: str, reached: bool
) -> None:
    log = await told(ConversationStarted(responder_name=responder, protocol=protocol))
    VISITOR.set(Visitor(Members(JwtVerifier(SECRET)), foreign=True))
    assert await log.tail("not begun yet") == 0
    if reached:
        assert await log.tail("c")
    else:
        with pytest.raises(NotYours):
            await log.tail("c")
        with pytest.raises(NotYours):
            await log.append([Author("test").envelope("c", ConversationDeleted())], expected=1)


def test_every_key_that_is_configured_is_accepted() -> None:
    keys = ApiKeys(KEYS)
    names = [keys.name(key) for key in KEYS]
    assert len(set(names)) == 2
    assert not any(key in (name or "") or (name or "") in key for key in KEYS for name in names)
    assert [keys.name(key) for key in (None, "", "0123456789abcde", "0123456789ABCDEF")] == [None] * 4


def test_what_is_presented_in_headers_or_query() -> None:
    scope = {
        "type": "http",
        "headers": [(b"authorization", b"bearer abc"), (b"x-api-key", b"k"), (b"host", b"h:1")],
        "query_string": b"",
        "client": ("192.0.2.1", 7),
    }
    assert Presented.of(scope) == Presented("abc", "k", None, "h:1", "192.0.2.1")
    scope |= {"headers": [], "query_string": b"token=a%2Bb&api_key=k2"}
    assert Presented.of(scope) == Presented("a+b", "k2", None, "", "192.0.2.1")
    scope |= {"headers": [(b"authorization", b"Basic abc")], "query_string": b""}
    assert Presented.of(scope).token is None


@pytest.mark.parametrize(
    ("path", "websocket", "leads_to"),
    [
        ("/chat/a b", True, Destination("agent", "a b")),
        ("/ws/chat/x", True, Destination("octo", "x")),
        ("/ws/x", True, Destination("octo", "x")),
        ("/v3/", True, Destination("room", "r")),
        ("/chat/" + "x" * 129, True, Destination("agent")),
        ("/api/v1/chat/ws/chat/s", True, Destination("voice", login=True)),
        ("/api/v1/chat/ws/guest-chat/s", True, Destination("voice")),
        ("/api/v1/chat/sessions", False, Destination("voice", login=True)),
        ("/api/v1/chat/guest-sessions", False, Destination("voice")),
        ("/api/chat/send", False, Destination("quote", every_page=True)),
        ("/api/health", False, Destination("service", public=True, every_page=True)),
        ("/api/sessions/x", False, Destination("octo")),
        ("/health", False, Destination("service", public=True)),
        ("/static/vendor/a.js", False, Destination("service", public=True)),
        ("/healthy", False, Destination("octo")),
    ],
)
def test_where_an_address_leads(path: str, websocket: bool, leads_to: Destination) -> None:
    assert destination(path, {"room_uid": "r"}, websocket=websocket) == leads_to


@pytest.mark.parametrize(
    ("protocol", "text"),
    [
        ("agent", '{"type": "agent_error", "error": "no", "chat_id": "c"}'),
        ("octo", '{"type": "error", "error": "처리 중 에러가 발생했습니다: no"}'),
        ("room", '{"status": "error", "msgtype": "error", "message": "no"}'),
        ("voice", '{"type": "error", "code": "forbidden", "message": "no"}'),
    ],
)
def test_a_refusal_has_the_shape_of_its_protocol(protocol: str, text: str) -> None:
    assert frame(Destination(protocol, "c"), "no", "forbidden") == text
    assert body(Destination("quote"), "no", "x") == {"error": "no", "code": "x"}
    assert body(Destination(protocol), "no", "x") == {"detail": "no"}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PARLEY_API_KEYS", "0123456789abcdef,short"),
        ("PARLEY_ALLOWED_ORIGINS", "chat.example.org"),
        ("PARLEY_ALLOWED_ORIGINS", "https://chat.example.org/"),
        ("PARLEY_CONNECTIONS_PER_ADDRESS", "-1"),
    ],
)
def test_bad_values_are_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError):
        AccessSettings()


OPEN_TO_ALL = {"PARLEY_HTTP_HOST": "0.0.0.0"}  # noqa: S104 - what is refused
KEYED = {"PARLEY_API_KEYS": KEYS[0]}


@pytest.mark.parametrize(
    ("variables", "allowed"),
    [
        ({}, True),
        (OPEN_TO_ALL, False),
        (OPEN_TO_ALL | {"PARLEY_ALLOW_INSECURE_BIND": "no"}, False),
        (OPEN_TO_ALL | {"PARLEY_ALLOW_INSECURE_BIND": "yes"}, True),
        (OPEN_TO_ALL | KEYED, True),
        (OPEN_TO_ALL | {"PARLEY_HOST": "127.0.0.1"}, True),
        ({"PARLEY_HOST": "192.0.2.1"}, False),
        ({"PARLEY_HOST": "192.0.2.1"} | KEYED, True),
    ],
)
def test_who_can_be_reached_asks_for_keys_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], allowed: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    if allowed:
        AccessSettings()
        return
    with pytest.raises(ValidationError, match="PARLEY_API_KEYS") as refused:
        AccessSettings()
    assert refused.value.errors()[0]["loc"] == ("allow_insecure_bind",)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost:8000", True),
        ("127.0.0.1:8000", True),
        ("[::1]:8000", True),
        ("192.0.2.7", True),
        ("parley.localhost", True),
        ("gateway:8000", True),
        ("chat.example.org", True),
        ("", True),
        ("evil.example:8000", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
    ],
)
def test_a_server_without_keys_does_not_answer_to_the_names_of_pages(host: str, known: bool) -> None:
    own = {"allowed_origins": "https://chat.example.org"}
    assert (host in Hosts(AccessSettings.model_validate(own))) is known
    assert host in Hosts(AccessSettings.model_validate(own | {"api_keys": KEYS[0]}))
    public = {"host": "192.0.2.1", "allow_insecure_bind": "yes"}
    assert host in Hosts(AccessSettings.model_validate(own | public))
