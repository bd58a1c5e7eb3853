"""One reply as a stream: from deltas, from the log, and from both in any order."""

from datetime import UTC, datetime
from itertools import count
from uuid import UUID

import pytest

from contracts.envelope import Recorded
from contracts.events import ConversationDeleted, Event, MessageReceived, RunCompleted, RunFailed
from contracts.live import Delta
from protocols.quote.dialect import Numbered, Place, ReplyStream
from protocols.quote.wire import CompleteEvent, ContentEvent, QuoteEvent, tokens

NOW = datetime(2024, 1, 15, tzinfo=UTC)
FIRST, SECOND = (str(UUID(int=number)) for number in (1, 2))
TEXT = "안녕하세요! 말씀해주셔서 감사합니다."
QUOTE = {"id": "1", "text": "t", "author": "a", "category": "hope"}
SEQUENCE = count(10)


def at(event: Event, event_id: str = "e") -> Recorded:
    sequence = next(SEQUENCE)
    return Recorded(
        id=event_id,
        conversation="u:1",
        event=event,
        occurred_at=NOW,
        source="test",
        sequence=sequence,
        previous=sequence - 1,
    )


def said(run_id: str) -> Recorded:
    return at(MessageReceived(addressee="quote-engine", text="x", protocol="quote"), run_id)


def done(run_id: str, text: str = TEXT, quote: object = None) -> Recorded:
    return at(RunCompleted(run_id=run_id, message_sequence=1, text=text, output=quote))


def token(run_id: str, index: int, text: str = TEXT, attempt: int = 1) -> Delta:
    return Delta(run_id=run_id, attempt=attempt, index=index, kind="token", data=tokens(text)[index])


def feed(stream: ReplyStream, *what: Recorded | Delta) -> list[Numbered]:
    return [
        numbered
        for each in what
        for numbered in (stream.hear(each, NOW) if isinstance(each, Delta) else stream.read(each))
    ]


def words(sent: list[Numbered]) -> str:
    return "".join(event.data for _, event in sent if isinstance(event, ContentEvent))


@pytest.mark.parametrize(
    "what",
    [
        [done(FIRST)],
        [token(FIRST, 0), token(FIRST, 1), token(FIRST, 2), done(FIRST)],
        [token(FIRST, 0), done(FIRST), token(FIRST, 1)],
        [token(FIRST, 1), token(FIRST, 0), token(FIRST, 0), done(FIRST)],
        [token(FIRST, 0), token(FIRST, 0, attempt=2), token(FIRST, 1, attempt=2), done(FIRST)],
        [token(SECOND, 0), done(SECOND, "other"), done(FIRST)],
    ],
    ids=["log", "deltas", "log overtakes", "out of order and twice", "taken over", "of another run"],
)
def test_the_reply_is_sent_once_and_whole(what: list[Recorded | Delta]) -> None:
    stream = ReplyStream(FIRST)
    sent = feed(stream, *what)
    assert words(sent) == TEXT
    assert [place for place, _ in sent] == [Place(FIRST, index) for index in range(len(sent))]
    assert isinstance(sent[-1][1], CompleteEvent)
    assert stream.ended


def test_tokens_leave_before_the_log_has_the_reply() -> None:
    assert words(feed(ReplyStream(FIRST), token(FIRST, 0))) == "안녕하세요!"


def test_the_quotation_comes_between_the_words_and_the_end() -> None:
    *_, (_, quote), (_, complete) = feed(ReplyStream(FIRST), done(FIRST, quote=QUOTE))
    assert isinstance(quote, QuoteEvent)
    assert quote.data.model_dump() == QUOTE
    assert isinstance(complete, CompleteEvent)


def test_another_responders_output_is_no_quotation() -> None:
    sent = feed(ReplyStream(FIRST), done(FIRST, quote={"nodes": []}))
    assert not any(isinstance(event, QuoteEvent) for _, event in sent)


def test_it_resumes_behind_what_the_client_had() -> None:
    whole = feed(ReplyStream(FIRST), done(FIRST, quote=QUOTE))
    for place, _ in whole[:-1]:
        assert feed(ReplyStream(FIRST, place.index + 1), done(FIRST, quote=QUOTE)) == whole[place.index + 1 :]


def test_who_had_it_all_gets_the_next_reply() -> None:
    end = len(tokens(TEXT))
    stream = ReplyStream(FIRST, end + 1)
    assert feed(stream, done(FIRST)) == []
    assert not stream.ended
    assert words(feed(stream, token(SECOND, 0, "other"), said(SECOND))) == "other"
    assert isinstance(feed(stream, done(SECOND, "other"))[-1][1], CompleteEvent)


def test_messages_that_waited_meanwhile_are_not_left_out() -> None:
    stream = ReplyStream(FIRST, len(tokens(TEXT)) + 1)
    assert words(feed(stream, said(FIRST), said(SECOND), done(FIRST), done(SECOND, "other"))) == "other"


def test_a_reply_with_other_words_than_those_sent_is_cut_off() -> None:
    stream = ReplyStream(FIRST)
    sent = feed(stream, token(FIRST, 0), done(FIRST, "Something else."))
    assert words(sent) == "안녕하세요!"
    assert stream.ended


def test_a_failure_is_told_and_a_deletion_ends_the_stream() -> None:
    failed = at(RunFailed(run_id=FIRST, message_sequence=1, error="sorry"))
    assert words(feed(ReplyStream(FIRST), failed)) == "sorry"
    stream = ReplyStream(FIRST)
    assert feed(stream, at(ConversationDeleted())) == []
    assert stream.ended


@pytest.mark.parametrize(
    "text", [None, "", "x", "*.1", ">", f"{FIRST}", f"{FIRST}.", f"{FIRST}.-1", f"{FIRST}.1x"]
)
def test_ids_that_mean_nothing(text: str | None) -> None:
    assert Place.parse(text) is None
    assert Place.parse(str(Place(FIRST, 7))) == Place(FIRST, 7)
