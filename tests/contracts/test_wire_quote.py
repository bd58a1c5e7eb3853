"""The quote protocol's bodies, byte for byte where the protocol is."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from contracts.events.quote import Quote
from protocols.quote import wire as wire

NOW = datetime(2024, 1, 15, 10, 30, tzinfo=UTC)
BODY = {"userId": "user1", "threadNum": "1", "content": "힘들어요", "timestamp": "2024-01-15T10:30:00.000Z"}
QUOTE = Quote(
    id="1", text="가장 어두운 밤도 결국은 끝나고, 해는 떠오른다.", author="빅터 위고", category="hope"
)


def test_a_whole_send_is_understood() -> None:
    request = wire.parse_send(BODY | {"more": 1})
    assert (request.key, request.content) == ("user1:1", "힘들어요")


def test_the_same_moment_is_the_same_message_however_it_is_written() -> None:
    first = wire.parse_send(BODY)
    again = wire.parse_send(BODY | {"timestamp": "2024-01-15T19:30:00+09:00"})
    later = wire.parse_send(BODY | {"timestamp": "2024-01-15T10:30:00.001Z"})
    assert first.message_id == again.message_id != later.message_id


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (BODY | {"userId": ""}, "INVALID_USERID"),
        (BODY | {"userId": "  "}, "INVALID_USERID"),
        (BODY | {"userId": 7}, "INVALID_USERID"),
        (BODY | {"userId": "u" * 127}, "INVALID_USERID"),
        (BODY | {"userId": "a\x00b"}, "INVALID_USERID"),
        (BODY | {"userId": None}, "INVALID_USERID"),
        (BODY | {"threadNum": 1}, "INVALID_THREADNUM"),
        (BODY | {"content": ""}, "INVALID_CONTENT"),
        (BODY | {"content": " \n"}, "INVALID_CONTENT"),
        (BODY | {"content": ["x"]}, "INVALID_CONTENT"),
        (BODY | {"content": "\ud800"}, "INVALID_CONTENT"),
        (BODY | {"content": "가" * (wire.MAX_CONTENT_LENGTH + 1)}, "INVALID_CONTENT"),
        (BODY | {"timestamp": "yesterday"}, "INVALID_TIMESTAMP"),
        (BODY | {"timestamp": 1705314600}, "INVALID_TIMESTAMP"),
        (BODY | {"timestamp": "0001-01-01T00:00:00+14:00"}, "INVALID_TIMESTAMP"),
        ({k: v for k, v in BODY.items() if k != "content"}, "MISSING_CONTENT"),
        ({}, "MISSING_USERID"),
        ([], "INVALID_BODY"),
        (None, "INVALID_BODY"),
        ("text", "INVALID_BODY"),
    ],
)
def test_bad_sends_get_the_protocols_error(body: object, code: str) -> None:
    with pytest.raises(wire.BadRequestError) as caught:
        wire.parse_send(body)
    assert caught.value.message == "필수 필드가 누락되었습니다."
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({}, "MISSING_USERID"),
        ({"userId": "u"}, "MISSING_THREADNUM"),
        ({"userId": "u", "threadNum": ""}, "INVALID_THREADNUM"),
    ],
)
def test_bad_names_get_the_protocols_error(parameters: dict[str, str], code: str) -> None:
    with pytest.raises(wire.BadRequestError) as caught:
        wire.parse_name(parameters)
    assert (caught.value.message, caught.value.code) == ("필수 파라미터가 누락되었습니다.", code)


PART = st.text(st.sampled_from("a:%253A"), min_size=1, max_size=20)


@given(PART, PART, PART, PART)
def test_two_conversations_never_share_a_key(user: str, thread: str, other: str, another: str) -> None:
    one = wire.parse_name({"userId": user, "threadNum": thread})
    two = wire.parse_name({"userId": other, "threadNum": another})
    assert (one.key == two.key) == ((user, thread) == (other, another))


def test_a_colon_within_a_part_is_escaped() -> None:
    name = {"userId": "a:b", "threadNum": "2024-01-15T10:30:00Z"}
    assert wire.parse_name(name).key == "a%3Ab:2024-01-15T10%3A30%3A00Z"
    assert wire.parse_name({"userId": "50%", "threadNum": "1"}).key == "50%:1"


def test_a_pending_send() -> None:
    answer = wire.SendResponse(userId="user1", threadNum="1", timestamp=NOW, status="pending")
    assert answer.body() == {
        "userId": "user1",
        "threadNum": "1",
        "timestamp": "2024-01-15T10:30:00.000Z",
        "status": "pending",
    }


def test_a_completed_send() -> None:
    answer = wire.SendResponse(
        userId="user1", threadNum="1", timestamp=NOW, status="completed", content="충분히", quote=QUOTE
    )
    assert answer.body()["quote"] == {
        "id": "1",
        "text": "가장 어두운 밤도 결국은 끝나고, 해는 떠오른다.",
        "author": "빅터 위고",
        "category": "hope",
    }


def test_a_status_has_a_null_quote() -> None:
    status = wire.StatusResponse(userId="u", threadNum="1", timestamp=NOW, status="pending", content="")
    assert status.model_dump_json() == (
        '{"userId":"u","threadNum":"1","timestamp":"2024-01-15T10:30:00.000Z",'
        '"status":"pending","content":"","quote":null}'
    )


def test_health() -> None:
    health = wire.HealthResponse(timestamp=NOW, activeConversations=5)
    assert health.model_dump_json() == (
        '{"status":"ok","timestamp":"2024-01-15T10:30:00.000Z","activeConversations":5}'
    )


def test_errors() -> None:
    assert wire.ErrorResponse(error=wire.NOT_FOUND).body() == {"error": "대화를 찾을 수 없습니다."}
    assert wire.ErrorResponse(error=wire.SERVER_ERROR, code="X").body() == {
        "error": "서버 내부 오류가 발생했습니다.",
        "code": "X",
    }


def test_stream_events() -> None:
    events = [
        wire.ContentEvent(data="안녕하세요!", timestamp=NOW),
        wire.QuoteEvent(data=QUOTE, timestamp=NOW),
        wire.CompleteEvent(timestamp=NOW),
    ]
    assert events[0].model_dump_json() == (
        '{"type":"content","data":"안녕하세요!","timestamp":"2024-01-15T10:30:00.000Z"}'
    )
    reader: TypeAdapter[wire.StreamEvent] = TypeAdapter(wire.StreamEvent)
    assert [reader.validate_json(event.model_dump_json()) for event in events] == events


def test_times_are_in_utc_with_milliseconds() -> None:
    seoul = datetime(2024, 1, 15, 19, 30, 0, 123_456, tzinfo=timezone(timedelta(hours=9)))
    assert wire.format_time(seoul) == "2024-01-15T10:30:00.123Z"
