"""Pacing, and what was heard of a reply, with time as a number."""

import pytest

from voice_bridge.domain.playout import AHEAD_MS, FRAME_MS, Playout
from voice_bridge.domain.speech import BYTES_PER_MS, duration_ms


def audio(milliseconds: int) -> bytes:
    return bytes(milliseconds * BYTES_PER_MS)


def playout(*segments: tuple[str, int]) -> Playout:
    made = Playout("r")
    for number, (text, milliseconds) in enumerate(segments):
        made.add_text(number, text)
        made.add_audio(number, audio(milliseconds))
    made.complete()
    return made


def test_the_client_never_holds_more_than_the_bound() -> None:
    reply = playout(("long", 5000))
    sent = 0.0
    now = 10.0
    while not reply.is_released:
        sent += sum(map(duration_ms, reply.release(now)))
        assert sent - (now - 10.0) * 1000 <= AHEAD_MS + 1
        due = reply.next_due(now)
        assert due is not None
        assert due > now
        now = due
    assert sent == 5000
    assert now == pytest.approx(15), "the last frame is followed by the end of playing"


def test_a_client_that_plays_slower_than_the_clock_holds_no_more_either() -> None:
    reply = playout(("long", 5000))
    sent = 0.0
    for step in range(100):
        now, played = step * 0.04, step * 10
        reply.report(played, now)
        sent += sum(map(duration_ms, reply.release(now)))
        assert sent - played <= AHEAD_MS + 1
    assert sent > 1000


@pytest.mark.parametrize("milliseconds", [25, 40, 50, 79, 81, 399, 1001])
def test_frames_last_20_to_100_ms_and_nothing_is_lost(milliseconds: int) -> None:
    reply = playout(("x", milliseconds))
    frames: list[bytes] = []
    for step in range(40):
        frames += reply.release(step * 0.04)
    assert all(20 <= duration_ms(frame) <= 100 for frame in frames)
    assert sum(map(duration_ms, frames)) == milliseconds


def test_a_tail_waits_until_it_is_known_to_be_one() -> None:
    reply = Playout("r")
    reply.add_audio(0, audio(FRAME_MS + 10))
    assert reply.release(0.0) == []
    assert reply.next_due(0.0) is None
    reply.complete()
    assert [duration_ms(frame) for frame in reply.release(0.1)] == [50]
    assert reply.is_released


def test_the_position_stands_still_while_there_is_nothing_to_play() -> None:
    reply = Playout("r")
    reply.add_audio(0, audio(100))
    reply.release(0.0)
    reply.release(5.0)
    reply.add_audio(0, audio(1000))
    released = sum(map(duration_ms, reply.release(5.0)))
    assert released <= AHEAD_MS


@pytest.mark.parametrize(
    ("position_ms", "text"),
    [
        (0, ""),
        (100, ""),
        (600, "One two"),
        (1000, "One two three."),
        (1500, "One two three. Four"),
        (2000, "One two three. Four five."),
    ],
)
def test_text_is_cut_at_the_last_whole_word_heard(position_ms: int, text: str) -> None:
    reply = playout(("One two three. ", 1000), ("Four five.", 1000))
    now = 0.0
    while not reply.is_released:
        reply.release(now)
        now += 0.1
    reply.report(position_ms, now)
    assert reply.heard(now) == (text, position_ms)


def test_korean_is_cut_at_words_too() -> None:
    reply = playout(("연락처는 모두 세 개입니다.", 2000))
    for step in range(13):
        reply.release(step * 0.1)
    assert reply.heard(1.2) == ("연락처는 모두 세", 1200)


def test_a_report_moves_the_clock_of_the_client() -> None:
    reply = playout(("x y", 2000))
    reply.release(0.0)
    reply.report(100, 1.0)
    assert reply.position_ms(1.0) == 100
    assert reply.position_ms(1.1) == pytest.approx(200)
    reply.report(9999, 1.2)
    assert reply.position_ms(1.2) == AHEAD_MS
