"""Turn taking as a table of events and effects; time is a number and nothing runs."""

from voice_bridge.domain.effects import (
    AskPresence,
    Effect,
    EndAudio,
    FalseAlarm,
    HangUp,
    PlayAudio,
    ReplySaid,
    StopEngine,
    TellError,
    TellSpeech,
    UserSaid,
)
from voice_bridge.domain.patience import Patience
from voice_bridge.domain.speech import (
    BYTES_PER_MS,
    AudioChunk,
    EngineEvent,
    EngineFailed,
    ReplyDone,
    ReplyText,
    ReplyWritten,
    SpeechConfirmed,
    SpeechStarted,
    SpeechStopped,
    TurnCommitted,
    TurnDropped,
    UserTranscript,
    duration_ms,
)
from voice_bridge.domain.talk import TRANSCRIPT_WAIT, Phase, Talk

USER_TURN = (SpeechStarted("u"), SpeechStopped(), TurnCommitted("i1"), UserTranscript("i1", "hello", 700))


def reply(
    name: str = "r1", milliseconds: int = 1000, text: str = "One two three."
) -> tuple[EngineEvent, ...]:
    return (
        ReplyText(name, 0, text),
        AudioChunk(name, 0, bytes(milliseconds * BYTES_PER_MS)),
        ReplyDone(name),
    )


def play(talk: Talk, now: float, *events: EngineEvent) -> list[Effect]:
    return [effect for event in events for effect in talk.on_engine(event, now)]


def run(talk: Talk, now: float, until: float) -> tuple[list[Effect], float]:
    effects: list[Effect] = []
    while (due := talk.next_due(now)) is not None and due <= until:
        now = due
        effects += talk.tick(now)
    return effects, now


def without_audio(effects: list[Effect]) -> list[Effect]:
    return [effect for effect in effects if not isinstance(effect, PlayAudio)]


def test_a_turn_and_its_reply() -> None:
    talk = Talk(0.0)
    assert play(talk, 1.0, *USER_TURN) == [
        TellSpeech(started=True),
        TellSpeech(started=False),
        UserSaid("i1", "hello", 700),
    ]
    phases = [talk.phase]
    first = play(talk, 2.0, *reply())
    phases.append(talk.phase)
    rest, ended_at = run(talk, 2.0, 10.0)
    said = ReplySaid(
        "r1", "One two three.", "One two three.", "One two three.", cut=False, audio_ms=1000, heard_ms=1000
    )
    assert without_audio(first + rest) == [EndAudio(), said]
    assert sum(duration_ms(e.pcm) for e in first + rest if isinstance(e, PlayAudio)) == 1000
    assert abs(ended_at - 3.0) < 0.01
    assert [*phases, talk.phase] == [Phase.THINKING, Phase.SPEAKING, Phase.LISTENING]
    assert (talk.total_ms(4.0), talk.user_speech_ms) == (4000, 700)


def test_speaking_over_the_ai_stops_it_at_once() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN)
    play(talk, 2.0, *reply())
    run(talk, 2.0, 2.5)
    effects = talk.on_engine(SpeechStarted("u"), 2.5)
    assert effects == [
        TellSpeech(started=True),
        EndAudio(),
        StopEngine(500, "u"),
        ReplySaid("r1", "One two three.", "One two three.", "One two", cut=True, audio_ms=1000, heard_ms=500),
    ]
    assert talk.phase is Phase.INTERRUPTED
    assert talk.next_due(2.5) is None
    assert play(talk, 2.6, *reply()) == []


def test_what_was_cut_stays_silent_after_the_turn() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN)
    play(talk, 2.0, *reply()[:2])
    effects = play(talk, 2.2, TurnCommitted("i2"))
    assert StopEngine(200, "i2") in effects
    assert play(talk, 2.3, AudioChunk("r1", 0, bytes(4800)), ReplyDone("r1")) == []
    assert talk.phase is Phase.THINKING


def test_speaking_before_the_reply_begins_stops_it_too() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN)
    assert talk.on_engine(SpeechStarted("u"), 1.5) == [TellSpeech(started=True), StopEngine(0, "u")]
    assert talk.phase is Phase.INTERRUPTED


def test_the_last_words_may_be_cut_after_the_audio_was_sent() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN)
    effects = play(talk, 2.0, *reply(milliseconds=300))
    assert EndAudio() in effects
    assert play(talk, 2.1, SpeechStarted("u")) == [
        TellSpeech(started=True),
        StopEngine(100, "u"),
        ReplySaid("r1", "One two three.", "One two three.", "One", cut=True, audio_ms=300, heard_ms=100),
    ]


def test_a_late_transcript_is_recorded_before_the_reply_to_it() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN[:3])
    effects = play(talk, 2.0, *reply(milliseconds=200))
    effects += run(talk, 2.0, 3.0)[0]
    assert without_audio(effects) == [EndAudio()]
    late = play(talk, 3.0, USER_TURN[3])
    assert [type(effect) for effect in late] == [UserSaid, ReplySaid]


def test_a_transcript_that_never_comes_holds_nothing_up_for_long() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN[:3])
    play(talk, 2.0, *reply(milliseconds=200))
    effects, now = run(talk, 2.0, 20.0)
    assert [type(effect) for effect in effects] == [ReplySaid]
    assert now == 1.0 + TRANSCRIPT_WAIT


def test_a_second_reply_waits_for_the_first() -> None:
    talk = Talk(0.0)
    effects = play(talk, 1.0, *reply("r1", 200, "One."), *reply("r2", 200, "Two."))
    effects += run(talk, 1.0, 5.0)[0]
    assert [e.heard for e in effects if isinstance(e, ReplySaid)] == ["One.", "Two."]
    assert effects.count(EndAudio()) == 2


def test_a_reply_without_words_ends_the_thinking() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN)
    assert play(talk, 2.0, ReplyDone("r1")) == []
    assert talk.phase is Phase.LISTENING


def test_a_failure_ends_the_thinking() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN)
    assert play(talk, 2.0, EngineFailed("no model")) == [TellError("no model", fatal=False)]
    assert talk.may_respond


def test_the_end_cuts_what_is_being_said() -> None:
    talk = Talk(0.0, user_speech_ms=1000)
    play(talk, 1.0, *USER_TURN)
    play(talk, 2.0, *reply())
    said = talk.end(2.3)[-1]
    assert isinstance(said, ReplySaid)
    assert (said.cut, said.heard_ms) == (True, 300)
    assert talk.user_speech_ms == 1700


def test_a_report_of_the_client_decides_what_was_heard() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *reply(milliseconds=3000))
    run(talk, 1.0, 2.0)
    talk.report_playback(250, 2.0)
    assert StopEngine(250, "u") in talk.on_engine(SpeechStarted("u"), 2.0)


def test_a_sound_over_the_reply_pauses_it_and_a_false_alarm_lets_it_go_on() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN)
    before = play(talk, 2.0, *reply(milliseconds=2000)) + run(talk, 2.0, 2.5)[0]
    assert play(talk, 2.5, SpeechStarted("u", is_certain=False)) == []
    paused, _ = run(talk, 2.5, 3.2)
    assert not any(isinstance(effect, PlayAudio) for effect in paused)
    after = play(talk, 3.2, TurnDropped("u"))
    assert after[0] == FalseAlarm()
    after += run(talk, 3.2, 10.0)[0]
    assert without_audio(after)[1:] == [
        EndAudio(),
        ReplySaid(
            "r1",
            "One two three.",
            "One two three.",
            "One two three.",
            cut=False,
            audio_ms=2000,
            heard_ms=2000,
        ),
    ]
    assert sum(duration_ms(e.pcm) for e in before + after if isinstance(e, PlayAudio)) == 2000


def test_a_sound_that_turns_out_to_be_the_user_cuts_the_reply() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *reply())
    run(talk, 1.0, 1.2)
    assert play(talk, 1.2, SpeechStarted("u", is_certain=False)) == []
    effects = play(talk, 1.5, SpeechConfirmed("u"))
    assert [type(effect) for effect in effects] == [TellSpeech, EndAudio, StopEngine, ReplySaid]
    assert play(talk, 1.9, SpeechStopped()) == [TellSpeech(started=False)]


def test_a_reply_that_comes_while_it_is_doubted_who_speaks_waits() -> None:
    talk = Talk(0.0)
    play(talk, 1.0, *USER_TURN)
    assert play(talk, 1.1, SpeechStarted("u", is_certain=False)) == []
    assert play(talk, 1.2, *reply()) == []
    assert any(isinstance(effect, PlayAudio) for effect in play(talk, 1.4, TurnDropped("u")))


def test_a_sound_in_silence_is_told_and_taken_back() -> None:
    talk = Talk(0.0)
    assert play(talk, 1.0, SpeechStarted("u", is_certain=False)) == [TellSpeech(started=True)]
    assert play(talk, 1.3, SpeechStopped(), TurnDropped("u")) == [TellSpeech(started=False)]
    assert talk.phase is Phase.LISTENING


def test_what_is_shown_of_a_reply_is_the_whole_of_it() -> None:
    talk = Talk(0.0)
    effects = play(talk, 1.0, ReplyWritten("r1", "| all | of | it |"), *reply(milliseconds=200))
    said = next(each for each in effects + run(talk, 1.0, 5.0)[0] if isinstance(each, ReplySaid))
    assert (said.generated, said.written, said.heard) == (
        "One two three.",
        "| all | of | it |",
        "One two three.",
    )


def test_a_silent_user_is_asked_once_and_then_let_go() -> None:
    talk = Talk(0.0, patience=Patience(presence=20, idle=60))
    effects, now = run(talk, 0.0, 30.0)
    assert (effects, now) == ([AskPresence()], 20.0)
    play(talk, 20.0, *reply())
    effects, now = run(talk, 20.0, 100.0)
    assert (effects[-1], now) == (HangUp(), 60.0)
    assert AskPresence() not in effects


def test_who_speaks_again_is_asked_again() -> None:
    talk = Talk(0.0, patience=Patience(presence=20))
    run(talk, 0.0, 20.0)
    play(talk, 30.0, *USER_TURN)
    play(talk, 31.0, *reply())
    effects, now = run(talk, 31.0, 100.0)
    assert effects.count(AskPresence()) == 1
    assert abs(now - 52.0) < 0.1
