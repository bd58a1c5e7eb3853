"""The talk from its first message to its quotation, folded from events as the log holds them."""

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
        "안녕하세요! 요즘 회사가 힘들어요에 대해 말씀해주셔서 감사합니다. 더 자세히 들려주실 수 있나요?"
    )
    second = talk.stage("매일 야근을 해요")
    assert "매일 야근을 해요" in second.text
    assert "그런 상황이셨군요." in second.text
    assert second.text.endswith("나요?")
    third = talk.stage("그냥 지쳐요")
    assert "그냥 지쳐요" in third.text
    assert third.text.endswith("요?")
    fourth = talk.stage("쉬고 싶어요")
    assert fourth.text == COMFORT
    assert fourth.quote is not None
    assert [first.quote, second.quote, third.quote] == [None] * 3
    assert fourth.candidates[0].quote_id == fourth.quote.id
    assert (fourth.mood.emotion, fourth.mood.theme) == ("exhaustion", "work")


def test_the_four_stages_in_english() -> None:
    talk = Talk()
    assert "my dog died" in talk.stage("my dog died").text
    assert "i miss him" in talk.stage("i miss him so much").text
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
    assert len({end(f"a:{number}") for number in range(20)}) > 3
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


@pytest.mark.parametrize("text", ["ㅠㅠ", "😢", "...", "안녕하세요", "안녕하세요!"])
def test_what_has_no_words_to_take_up_is_not_repeated(text: str) -> None:
    assert Talk().stage(text).text == (
        "안녕하세요! 지금의 마음에 대해 말씀해주셔서 감사합니다. 더 자세히 들려주실 수 있나요?"
    )


def test_very_long_messages_are_taken_up_in_short() -> None:
    long = (
        "오늘 아침에 밥을 먹고 회사에 갔습니다. " * 300
        + "팀장님 때문에 너무 화가 나요. "
        + "그랬습니다. " * 300
    )
    talk = Talk()
    for _ in range(3):
        assert len(talk.stage(long).text) < 200
    assert "팀장님" in Talk().stage("그래서 그랬어요. " * 20 + "팀장님 때문에 너무 화가 나요. 그래요.").text
    assert len(Talk().stage("가" * 10_000).text) < 200


def test_braces_in_a_message_are_only_text() -> None:
    assert "{said} {0} %s" in Talk().stage("{said} {0} %s 힘들어요").text
