"""A chat model's share in the talk, and how the rules stand in for it; the model here is scripted."""

import asyncio
import threading
from collections.abc import Sequence

import pytest

from quote_engine.adapters.chat_model import ChatModelListener
from quote_engine.answering import answer
from quote_engine.collection import load_collection
from quote_engine.domain.dialogue import CrisisReply, Dialogue, Reply, StageReply, reply
from quote_engine.domain.guidance import Guidance, Turn
from quote_engine.domain.reading import Clue, Trained, Verdict
from quote_engine.ports import Listener, ListenerError

COLLECTION = load_collection()
GUIDANCE = Guidance(
    crisis=False,
    emotion="anger",
    theme="work",
    category="resilience",
    said="팀장님과의 일",
    reply="팀장님과의 일로 마음이 상하셨군요. 무엇이 가장 속상하셨나요?",
)


class Scripted:
    def __init__(self, outcome: Guidance | Exception) -> None:
        self.outcome = outcome
        self.asked: list[Sequence[Turn]] = []

    async def listen(self, turns: Sequence[Turn]) -> Guidance:
        self.asked.append(turns)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


class Silent:
    async def listen(self, turns: Sequence[Turn]) -> Guidance:
        await asyncio.Event().wait()
        raise AssertionError(turns)


async def ask(
    text: str,
    listener: Listener | None,
    state: Dialogue | None = None,
    patience: float = 5.0,
    reading_patience: float = 30.0,
    trained: Trained | None = None,
) -> Reply:
    return await answer(
        state or Dialogue(),
        text,
        conversation="a:1",
        quotations=COLLECTION,
        reading_patience=reading_patience,
        trained=trained,
        listener=listener,
        patience=patience,
    )


async def test_the_model_names_what_was_said_within_the_first_replys_shape() -> None:
    answered = await ask("팀장님이 또 그랬어요", Scripted(GUIDANCE))
    assert isinstance(answered, StageReply)
    assert answered.text == (
        "안녕하세요! 팀장님과의 일에 대해 말씀해주셔서 감사합니다. 더 자세히 들려주실 수 있나요?"
    )
    assert answered.mood.found_by == "model"


async def test_the_model_words_the_middle_stages() -> None:
    answered = await ask("팀장님이 또 그랬어요", Scripted(GUIDANCE), Dialogue(answered=1))
    assert answered.text == GUIDANCE.reply


async def test_the_last_stage_keeps_its_text_and_takes_the_models_mood() -> None:
    answered = await ask("고마워요", Scripted(GUIDANCE), Dialogue(answered=3))
    assert isinstance(answered, StageReply)
    assert answered.text.startswith("충분히 이해됩니다.")
    assert answered.quote is not None
    chosen = next(quotation for quotation in COLLECTION if quotation.id == answered.quote.id)
    assert "anger" in chosen.emotions


@pytest.mark.parametrize(
    "nonsense",
    [
        "",
        "   ",
        "I see. How was that?",
        "그랬군요.",
        "네? " * 200,
        "여기를 보세요 https://example.org 어때요?",
        "네?\n네?",
    ],
)
async def test_a_nonsensical_reply_gives_way_to_the_rules(nonsense: str) -> None:
    state = Dialogue(answered=1)
    answered = await ask("슬퍼요", Scripted(GUIDANCE.model_copy(update={"reply": nonsense})), state)
    assert answered.text == reply(state, "슬퍼요", conversation="a:1", quotations=COLLECTION).text


async def test_a_failing_model_gives_way_to_the_rules() -> None:
    expected = reply(Dialogue(), "슬퍼요", conversation="a:1", quotations=COLLECTION)
    assert await ask("슬퍼요", Scripted(ListenerError("down"))) == expected
    assert await ask("슬퍼요", Silent(), patience=0.01) == expected


async def test_words_of_crisis_do_not_wait_for_the_model() -> None:
    listener = Scripted(GUIDANCE)
    assert isinstance(await ask("죽고 싶어요", listener), CrisisReply)
    assert listener.asked == []


async def test_the_model_may_see_a_crisis_the_rules_did_not() -> None:
    answered = await ask(
        "이제 괜찮아질 거예요, 곧 끝나니까", Scripted(GUIDANCE.model_copy(update={"crisis": True}))
    )
    assert isinstance(answered, CrisisReply)
    assert answered.sign == "model"


async def test_the_model_reads_the_whole_talk() -> None:
    listener = Scripted(GUIDANCE)
    await ask("셋째", listener, Dialogue(answered=2, said=("첫째", "둘째")))
    assert [text for role, text in listener.asked[0] if role == "human"] == ["첫째", "둘째", "셋째"]


class Structured:
    """What LangChain's `with_structured_output` gives back, scripted."""

    def __init__(self, outcome: object) -> None:
        self.outcome = outcome

    def with_structured_output(self, schema: type) -> "Structured":
        assert schema is Guidance
        return self

    async def ainvoke(self, turns: object) -> object:
        assert turns
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


async def test_the_adapter_returns_guidance() -> None:
    assert await ChatModelListener(Structured(GUIDANCE)).listen([("human", "hi")]) == GUIDANCE


@pytest.mark.parametrize("outcome", [ConnectionError("refused"), None, {"emotion": "joy"}])
async def test_the_adapter_has_one_error(outcome: object) -> None:
    with pytest.raises(ListenerError):
        await ChatModelListener(Structured(outcome)).listen([("human", "hi")])


async def test_a_failing_model_leaves_no_word_of_the_user_or_the_provider_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    listener = ChatModelListener(Structured(ConnectionError("key sk-123 refused: 제 비밀을 말했어요")))
    await ask("제 비밀을 말했어요", listener)
    assert "ConnectionError" in caplog.text
    assert "sk-123" not in caplog.text
    assert "비밀" not in caplog.text


async def test_after_a_crisis_a_model_does_not_word_the_reply() -> None:
    state = Dialogue(answered=1, crises=1, gravest=2, certain=True)
    answered = await ask("팀장님이 또 그랬어요", Scripted(GUIDANCE), state)
    assert answered == await ask("팀장님이 또 그랬어요", None, state) or answered.text != GUIDANCE.reply


async def test_a_model_repeats_no_insult() -> None:
    told = GUIDANCE.model_copy(update={"said": "병신 같은 팀장"})
    assert "병신" not in (await ask("팀장님이 또 그랬어요", Scripted(told))).text


async def test_a_message_that_takes_too_long_to_read_gets_a_careful_reply_meanwhile() -> None:
    go_on = threading.Event()

    def slow(clues: Sequence[Clue]) -> Sequence[Verdict]:
        go_on.wait(60)
        return [Verdict(0.0, {"neutral": 1.0}) for _ in clues]

    try:
        answered = await ask("오늘은 그냥 그래요", None, reading_patience=0.05, trained=slow)
    finally:
        go_on.set()
    assert isinstance(answered, StageReply)
    assert "109" in answered.text
