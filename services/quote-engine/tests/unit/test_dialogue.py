"""The talk from its first message to its quotation, folded from events as the log holds them."""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from contracts.envelope import Recorded
from contracts.events import ConversationDeleted, Event, MessageReceived, RunFailed
from quote_engine.collection import load_collection
from quote_engine.domain.dialogue import (
    CrisisReply,
    Dialogue,
    Reply,
    RunFacts,
    StageReply,
    evolve,
    fact,
    reply,
)
from quote_engine.domain.reading import CRISIS, DOUBT, Trained, Verdict

COLLECTION = load_collection()
COMFORT = "충분히 이해됩니다. 당신의 마음을 어루만져줄 수 있는 따뜻한 말을 전해드릴게요."


@dataclass
class Talk:
    """A conversation driven through `reply` and `evolve`, as the service does it."""

    conversation: str = "user1:1"
    recent: tuple[str, ...] = ()
    state: Dialogue = field(default_factory=Dialogue)
    sequence: int = 0

    def record(self, event: Event, event_id: str | None = None) -> None:
        self.sequence += 1
        self.state = evolve(
            self.state,
            Recorded(
                id=event_id or f"e{self.sequence}",
                conversation=self.conversation,
                event=event,
                occurred_at=datetime(2024, 1, 15, tzinfo=UTC),
                source="test",
                sequence=self.sequence,
                previous=self.sequence - 1,
            ),
        )

    def receive(self, text: str) -> str:
        message_id = f"m{self.sequence}"
        self.record(MessageReceived(addressee="quote-engine", text=text, protocol="quote"), message_id)
        return message_id

    def say(self, text: str) -> Reply:
        message_id = self.receive(text)
        answer = reply(
            self.state, text, conversation=self.conversation, quotations=COLLECTION, recent=self.recent
        )
        facts = RunFacts(run_id=message_id, message_sequence=self.sequence, attempt=1)
        self.record(fact(answer, self.state, facts))
        return answer

    def stage(self, text: str) -> StageReply:
        answer = self.say(text)
        assert isinstance(answer, StageReply)
        return answer


def test_the_four_stages_in_korean() -> None:
    talk = Talk()
    first = talk.stage("요즘 회사가 힘들어요")
    assert first.text == (
        "안녕하세요! 회사 이야기와 지친 마음에 대해 말씀해주셔서 감사합니다. 더 자세히 들려주실 수 있나요?"
    )
    second = talk.stage("매일 야근을 해요")
    assert second.text.endswith("요?")
    third = talk.stage("그냥 지쳐요")
    assert third.text.endswith("요?")
    fourth = talk.stage("쉬고 싶어요")
    assert fourth.text == COMFORT
    assert fourth.quote is not None
    assert [first.quote, second.quote, third.quote] == [None] * 3
    assert fourth.candidates[0].quote_id == fourth.quote.id
    assert (fourth.mood.emotion, fourth.mood.theme) == ("exhaustion", "work")


def test_the_four_stages_in_english() -> None:
    talk = Talk()
    assert talk.stage("my dog died").text == (
        "Hello! Thank you for telling me about your dog and your loss. Could you tell me a little more?"
    )
    assert talk.stage("i miss him so much").text.endswith("?")
    assert talk.stage("the house is so empty").text.endswith("?")
    fourth = talk.stage("thank you")
    assert fourth.language == "en"
    assert fourth.quote is not None
    chosen = next(quotation for quotation in COLLECTION if quotation.id == fourth.quote.id)
    assert chosen.language == "en"
    assert {"sadness", "loneliness"} & set(chosen.emotions)


def test_each_message_is_answered_in_its_language() -> None:
    talk = Talk()
    assert [talk.stage(text).language for text in ("힘들어요", "I feel sad", "😢", "고마워요")] == [
        "ko", "en", "en", "ko",
    ]  # fmt: skip


def test_after_stage_four_a_talk_begins_again_with_another_quotation() -> None:
    talk = Talk()
    given = []
    for _ in range(12):
        assert [talk.stage(text).stage for text in ("슬퍼요", "슬퍼요", "슬퍼요")] == [1, 2, 3]
        quote = talk.stage("슬퍼요").quote
        assert quote is not None
        given.append(quote.id)
    assert len(set(given)) == 12


def test_the_same_talk_ends_the_same_and_other_conversations_differ() -> None:
    def end(conversation: str, recent: tuple[str, ...] = ()) -> str:
        talk = Talk(conversation, recent)
        for _ in range(3):
            talk.stage("외로워요")
        quote = talk.stage("외로워요").quote
        assert quote is not None
        return quote.id

    assert end("a:1") == end("a:1")
    assert len({end(f"a:{number}") for number in range(20)}) >= 3
    assert end("a:1", recent=(end("a:1"),)) != end("a:1")


def test_crisis_is_answered_first_and_the_stage_waits() -> None:
    talk = Talk()
    talk.stage("힘들어요")
    crisis = talk.say("다 끝내고 싶어")
    assert isinstance(crisis, CrisisReply)
    assert "109" in crisis.text
    assert talk.stage("조금 나아졌어요").stage == 2
    talk.stage("네")
    assert talk.stage("고마워요").mood.category == "hope"


def test_a_crisis_at_stage_four_gets_helplines_and_no_quotation() -> None:
    talk = Talk()
    for _ in range(3):
        talk.stage("sad")
    answer = talk.say("I don't want to be here anymore")
    assert isinstance(answer, CrisisReply)
    assert "988" in answer.text
    assert talk.stage("ok, I called").stage == 4


def test_a_failed_run_leaves_the_stage_and_its_message_out() -> None:
    talk = Talk()
    message_id = talk.receive("슬퍼요")
    talk.record(RunFailed(run_id=message_id, message_sequence=1, error="broken"))
    assert talk.state == Dialogue()


def test_a_deleted_conversation_begins_anew() -> None:
    talk = Talk()
    talk.stage("슬퍼요")
    talk.record(ConversationDeleted())
    assert talk.state == Dialogue()


@pytest.mark.parametrize("text", ["...", "안녕하세요", "안녕하세요!"])
def test_a_greeting_is_not_repeated(text: str) -> None:
    assert Talk().stage(text).text == (
        "안녕하세요! 지금의 마음에 대해 말씀해주셔서 감사합니다. 더 자세히 들려주실 수 있나요?"
    )


@pytest.mark.parametrize(
    "text",
    [
        "오늘 아침에 밥을 먹고 회사에 갔습니다. " * 300
        + "팀장님 때문에 너무 화가 나요. "
        + "그랬습니다. " * 300,
        "가" * 100_000,
        "{said} {topic} {0} %s 힘들어요",
        "야 이 병신 챗봇아 꺼져",
        "you stupid bot, fuck off",
        "I told my boss that he can keep the job and walked out of the office at noon",
    ],
)
def test_no_sentence_of_the_user_is_repeated(text: str) -> None:
    talk = Talk()
    for _ in range(4):
        answer = talk.stage(text).text
        assert len(answer) < 250
        for word in ("{", "병신", "꺼져", "stupid", "fuck", "walked out", "가가", "밥을 먹고"):
            assert word not in answer


OPENINGS = {
    "팀장님이 제 기획서를 자기 것처럼 발표했어요 열받아": "팀장님 이야기와 화나고 답답한 마음",
    "할머니가 돌아가셨어요": "할머니 이야기와 떠나보낸 슬픔",
    "너무 외로워요": "외로운 마음",
    "창피해서 숨고 싶었어요": "꺼내기 어려웠을 부끄러운 마음",
    "오늘 내 생일이에요": "생일",
    "심심해요": "심심한 하루",
    "ㅁㄴㅇㄹ": "아직 말로 하기 어려운 마음",
    "꺼져 멍청한 챗봇": "지금의 답답한 마음",
}


@pytest.mark.parametrize(("text", "said"), OPENINGS.items())
def test_the_first_reply_names_what_the_user_told(text: str, said: str) -> None:
    assert Talk().stage(text).text == (
        f"안녕하세요! {said}에 대해 말씀해주셔서 감사합니다. 더 자세히 들려주실 수 있나요?"
    )


def sentences(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n+", text) if part.strip()]


TALKS = [
    ["슬퍼요"] * 4,
    ["sad"] * 4,
    ["심심해", "그냥 심심해", "할 게 없어", "응"],
    ["asdf", "qwer", "zxcv", "asdf"],
    ["my dad died", "I miss him", "he was kind", "thanks"],
    ["오늘 내 생일이에요", "친구들이랑 놀았어요", "정말 행복했어요", "고마워요"],
    ["창피해요", "다들 봤어요", "얼굴을 못 들겠어요", "네"],
    ["I hate my boss", "he stole my work", "so unfair", "ok"],
    [
        "죽고 싶어요",
        "그냥 너무 힘들어요",
        "계속 사라지고 싶어요",
        "약을 다 모아 뒀어요",
        "네",
        "조금 나아졌어요",
        "고마워요",
    ],
    ["I want to die", "I'm so tired", "I want to die", "I want to disappear", "no", "maybe", "thanks"],
]


@pytest.mark.parametrize("said", TALKS, ids=lambda said: str(said[0]))
def test_no_sentence_comes_twice_in_a_talk(said: list[str]) -> None:
    for conversation in ("a:1", "b:2", "c:3"):
        talk = Talk(conversation)
        spoken = [sentence for text in said for sentence in sentences(talk.say(text).text)]
        assert len(spoken) == len(set(spoken))


def test_conversations_in_the_same_mood_are_answered_in_different_words() -> None:
    def second(conversation: str) -> str:
        talk = Talk(conversation)
        talk.stage("너무 지쳐요")
        return talk.stage("계속 야근이에요").text

    assert len({second(f"a:{number}") for number in range(20)}) >= 4


def test_the_talk_stays_careful_after_a_crisis() -> None:
    talk = Talk()
    assert isinstance(talk.say("죽고 싶어요"), CrisisReply)
    first = talk.stage("그냥 너무 힘들어요")
    assert (first.stage, first.fragile) == (1, True)
    assert "안녕하세요" not in first.text
    assert [talk.stage(text).fragile for text in ("네", "모르겠어요")] == [True, True]
    last = talk.stage("고마워요")
    assert last.text.startswith(COMFORT)
    assert "109" in last.text
    assert last.quote is not None
    assert "crisis" in next(q for q in COLLECTION if q.id == last.quote.id).suits
    assert "안녕하세요" not in talk.stage("또 왔어요").text
    for _ in range(3):
        talk.stage("네")
    assert "안녕하세요" in talk.stage("오늘은 괜찮아요").text


def test_helplines_come_once_more_when_it_gets_worse() -> None:
    talk = Talk()
    first, again, worse = (
        talk.say("사라지고 싶어요"), talk.say("진짜 사라지고 싶어요"), talk.say("약을 다 모아 뒀어요"),
    )  # fmt: skip
    assert all(isinstance(answer, CrisisReply) for answer in (first, again, worse))
    assert "1388" in first.text
    assert "119" not in again.text
    assert "119" in worse.text
    assert len({first.text, again.text, worse.text}) == 3


@pytest.mark.parametrize("text", ["I have my grandpa's gun here", "옥상에 올라와 있어요", "손에 칼이 있어요"])
def test_means_at_hand_after_a_crisis_get_helplines_again(text: str) -> None:
    talk = Talk()
    assert isinstance(talk.say("죽고 싶어요"), CrisisReply)
    assert isinstance(talk.say(text), CrisisReply)


@pytest.mark.parametrize("text", ["칼은 치웠어요", "I put the pills away", "옥상에서 내려왔어요"])
def test_means_put_away_are_no_sign(text: str) -> None:
    talk = Talk()
    talk.say("죽고 싶어요")
    assert talk.stage(text).fragile


@pytest.mark.parametrize(
    "text", ["the view from the balcony", "칼국수 먹었어요", "새 칼을 샀어요", "the roof leaks"]
)
def test_means_without_a_crisis_are_things_like_any_other(text: str) -> None:
    assert not Talk().stage(text).fragile


def test_a_crisis_in_the_talk_after_one_is_answered_in_other_words() -> None:
    talk = Talk()
    first = talk.say("죽고 싶어요")
    for text in ("네", "모르겠어요", "네", "고마워요"):
        talk.stage(text)
    worse = talk.say("약을 다 모아 뒀어요")
    assert isinstance(worse, CrisisReply)
    assert "119" in worse.text
    assert worse.text != first.text


def test_a_careful_talk_after_a_careful_talk_has_other_sentences() -> None:
    talk = Talk()
    talk.say("죽고 싶어요")
    told = ("네", "모르겠어요", "네")
    one, other = ([talk.stage(text).text for text in (*told, "고마워요")] for _ in range(2))
    assert set(one).isdisjoint(other[:1])


def test_an_insult_is_anger_and_no_discouragement() -> None:
    talk = Talk()
    talk.stage("야 이 멍청한 기계야")
    assert talk.stage("쓸모없는 봇").mood.emotion in ("anger", "neutral")


def test_a_message_in_decomposed_letters_is_read_like_any_other() -> None:
    plain, decomposed = Talk(), Talk()
    for text in ("할머니가 돌아가셨어요", "너무 보고 싶어요", "네", "고마워요"):
        assert plain.stage(text) == decomposed.stage(unicodedata.normalize("NFD", text))
    assert isinstance(Talk().say(unicodedata.normalize("NFD", "죽고 싶어요")), CrisisReply)


def certain(danger: float) -> Trained:
    """A trained reader that is always so sure of a crisis."""
    return lambda clues: [Verdict(danger, {"sadness": 0.6, "neutral": 0.4}) for _ in clues]


def test_the_trained_reader_may_see_a_crisis_and_its_doubt_asks_gently() -> None:
    def read(danger: float) -> Reply:
        return reply(
            Dialogue(),
            "다 그만하면 좋겠어요",
            conversation="a",
            quotations=COLLECTION,
            trained=certain(danger),
        )

    assert isinstance(read(CRISIS), CrisisReply)
    doubtful = read(DOUBT)
    assert isinstance(doubtful, StageReply)
    assert doubtful.fragile
    assert "109" in doubtful.text
    calm = read(DOUBT - 0.01)
    assert isinstance(calm, StageReply)
    assert not calm.fragile
    assert "109" not in calm.text
