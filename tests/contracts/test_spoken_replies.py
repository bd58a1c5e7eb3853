"""What the embedded model says of itself, by a voice: whole, and without an offer to go on."""

import pytest
from langchain_core.messages import HumanMessage

from agent_runner.agents.models.replies import answer, unavailable
from agent_runner.agents.models.request import understand
from voice_bridge.domain.language import language_of
from voice_bridge.domain.prose import Spoken, pages_of

SAID = (
    "who are you",
    "what can you do",
    "compose a symphony",
    "hello",
    "thank you",
    "goodbye",
    "my name is Ada",
    "what is my name",
    "what did I ask before",
    "delete the document",
    "너는 누구야",
    "뭘 할 수 있어?",
    "교향곡을 작곡해줘",
    "안녕하세요",
    "고마워",
    "내 이름이 뭐야",
    "문서 삭제해줘",
)


@pytest.mark.parametrize("said", SAID)
def test_it_is_told_in_one_breath(said: str) -> None:
    messages = [HumanMessage(said)]
    request = understand(messages)
    for text in (answer(request, messages, []), unavailable(request)):
        language = language_of(text)
        assert [page.offer for page in pages_of(text, language)] == [""]
        spoken = Spoken(language)
        told = [*spoken.feed(text), *spoken.finish()]
        assert " ".join(told) == " ".join(pages_of(text, language)[0].sentences)
