"""What short utterances lead to, as a table of a talk's state and words."""

import unicodedata

import pytest

from voice_bridge.domain.answer import Page
from voice_bridge.domain.dialogue import Ask, Dialogue, Reaction, Silence, Tell
from voice_bridge.domain.endpointing import Outlook
from voice_bridge.domain.hearsay import is_echo_of
from voice_bridge.domain.outlook import outlook_of
from voice_bridge.domain.remarks import Number, Remark, is_backchannel, understood

FIRST = Page(("I found 20 contacts.",), "en", "Shall I go on?")
SECOND = Page(("Next are four more.",), "en")
ALICE = Page(("Alice is here.",), "en")
BOB = Page(("Bob is there.",), "en")


def offered() -> Dialogue:
    dialogue = Dialogue("en")
    dialogue.told(FIRST, rest=[SECOND], picks={"Alice Smith": ALICE, "Bob Stone": BOB})
    return dialogue


def said(reaction: Reaction) -> str:
    assert isinstance(reaction, Tell)
    return " ".join(reaction.page.spoken)


@pytest.mark.parametrize(
    "text", ["stop", "Stop.", "cancel", "quiet", "Be quiet, please", "그만", "조용히 해", "취소해줘"]
)
def test_stop_is_silence(text: str) -> None:
    assert offered().take(text) == Silence()
    assert Dialogue().take(text) == Silence()


@pytest.mark.parametrize(
    "text", ["go on", "Go on.", "the next ones", "yes", "Yes please", "네", "계속해줘", "다음"]
)
def test_what_is_left_is_told(text: str) -> None:
    dialogue = offered()
    assert dialogue.take(text) == Tell(SECOND)
    assert "nothing more" in said(dialogue.take("go on"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no", "All right."),
        ("thank you", "You are welcome."),
        ("Okay, thank you.", "You are welcome."),
        ("goodbye", "Goodbye!"),
        ("repeat", "I found 20 contacts. Shall I go on?"),
        ("one", "Alice is here."),
        ("number two", "Bob is there."),
        ("Bob Stone", "Bob is there."),
        ("Alice", "Alice is here."),
        ("23", "I heard 23. What shall I do with it?"),
        ("twenty three", "I heard 23. What shall I do with it?"),
        ("slower", "I speak slower now. I found 20 contacts. Shall I go on?"),
    ],
)
def test_short_words_mean_what_they_mean(text: str, expected: str) -> None:
    assert said(offered().take(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", "Yes? What can I do for you?"),
        ("okay", "Yes? What can I do for you?"),
        ("no", "All right."),
        ("repeat", "I have not said anything yet."),
        ("네", "네, 무엇을 도와드릴까요?"),
        ("고마워", "천만에요."),
        ("일곱", "7이라고 들었습니다. 무엇을 해드릴까요?"),
    ],
)
def test_short_words_in_a_fresh_talk(text: str, expected: str) -> None:
    assert said(Dialogue().take(text)) == expected


@pytest.mark.parametrize("text", ["yes", "no", "seven"])
def test_the_agents_own_question_gets_its_answer(text: str) -> None:
    dialogue = Dialogue("en")
    dialogue.told(Page(("Do you mean Berlin?",), "en"))
    assert dialogue.take(text) == Ask(text)


@pytest.mark.parametrize(
    "text", ["get all contacts", "stop the music in Paris", "email of Alice Smith at work", "세 사람 연락처"]
)
def test_everything_else_goes_to_the_agent(text: str) -> None:
    assert Dialogue().take(text) == Ask(text)


def test_decomposed_korean_is_the_same() -> None:
    assert Dialogue().take(unicodedata.normalize("NFD", "그만")) == Silence()


def test_the_first_utterance_sets_the_language_and_a_setting_goes_before() -> None:
    dialogue = Dialogue()
    dialogue.take("안녕하세요")
    assert said(dialogue.take("")).startswith("죄송")
    assert said(Dialogue("en").take("")).startswith("Sorry")
    assert said(Dialogue("ko").take("")).startswith("죄송")


def test_the_pace_and_the_level_change_within_bounds() -> None:
    dialogue = offered()
    for _ in range(20):
        dialogue.take("slower")
        dialogue.take("louder")
    assert (dialogue.manner.pace, dialogue.manner.gain) == (0.6, 2.5)
    assert said(dialogue.take("slower")).count("I speak slower now.") == 1


def test_what_was_not_heard_comes_first_when_it_goes_on() -> None:
    dialogue = offered()
    dialogue.left(["Second half.", "Shall I go on?"], "en")
    assert said(dialogue.take("go on")).startswith("Second half.")
    assert dialogue.take("go on") == Tell(SECOND)


@pytest.mark.parametrize("text", ["", "mm-hmm", "Mm hmm.", "yeah", "네", "음", "okay, right", "네네"])
def test_backchannels(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["stop", "no", "아니", "yeah but no", "wait", "get contacts"])
def test_what_interrupts(text: str) -> None:
    assert not is_backchannel(text)


def test_numbers_and_remarks() -> None:
    assert understood("forty two") == Number(42)
    assert understood("3번") == Number(3)
    assert understood("the second one") == Number(2)
    assert understood("Yes.") is Remark.YES
    assert understood("what is the weather") is None
    assert understood("1" * 5000) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("what is the email of", Outlook.OPEN),
        ("Draft a contract with", Outlook.OPEN),
        ("김민준의", Outlook.OPEN),
        ("get all contacts.", Outlook.UNKNOWN),
        ("Who is this for?", Outlook.UNKNOWN),
        ("stop", Outlook.COMPLETE),
        ("", Outlook.UNKNOWN),
    ],
)
def test_what_a_pause_means(text: str, expected: Outlook) -> None:
    assert outlook_of(text) is expected


def test_what_the_voice_says_itself_is_no_word_of_the_users() -> None:
    being_said = "I found 20 contacts. The first are Mia Tanaka and Liam Patel."
    assert is_echo_of("the first are mia tanaka", being_said)
    assert not is_echo_of("Mia Tanaka", being_said)
    assert not is_echo_of("what is the email of Liam Patel", being_said)
