"""What voice-bridge itself says aloud or in an error, in both languages, short for the ear. Pure."""

from typing import Final

from voice_bridge.domain.language import Language

_PHRASES: Final[dict[str, dict[Language, str]]] = {
    "not_understood": {
        "en": "Sorry, I did not understand that. Could you say it again, please?",
        "ko": "죄송합니다, 잘 알아듣지 못했습니다. 다시 말씀해 주시겠어요?",
    },
    "say_again": {
        "en": "Sorry, the line was cut for a moment. Could you say that again, please?",
        "ko": "죄송합니다, 잠시 연결이 끊겼습니다. 다시 말씀해 주시겠어요?",
    },
    "listening": {
        "en": "I am listening. What can I do for you?",
        "ko": "듣고 있습니다. 무엇을 도와드릴까요?",
    },
    "presence": {"en": "Are you still there?", "ko": "아직 계신가요?"},
    "failed": {
        "en": "Sorry, that did not work. Please try again.",
        "ko": "죄송합니다, 처리하지 못했습니다. 다시 말씀해 주세요.",
    },
    "no_answer": {
        "en": "Sorry, I have no answer to that.",
        "ko": "죄송합니다, 답을 찾지 못했습니다.",
    },
    "no_service": {
        "en": "The speech service cannot be reached.",
        "ko": "음성 서비스에 연결할 수 없습니다.",
    },
    "service_failed": {
        "en": "The speech service reported an error. Please try again.",
        "ko": "음성 서비스에 문제가 생겼습니다. 다시 말씀해 주세요.",
    },
    "service_silent": {
        "en": "The speech service did not answer in time. Please try again.",
        "ko": "음성 서비스가 제때 답하지 않았습니다. 다시 말씀해 주세요.",
    },
    "cut_off": {
        "en": "The answer was cut off. Please ask again.",
        "ko": "답변이 도중에 끊겼습니다. 다시 말씀해 주세요.",
    },
    "too_long": {
        "en": "The answer grew too long and was cut off.",
        "ko": "답변이 너무 길어 도중에 끊겼습니다.",
    },
    "held_back": {
        "en": "The answer was held back by the service's filter.",
        "ko": "서비스의 필터가 답변을 막았습니다.",
    },
    "needs_approval": {
        "en": "{tool} needs an approval, which nobody can give in this conversation.",
        "ko": "{tool}에는 승인이 필요한데, 이 대화에서는 승인할 수 없습니다.",
    },
    "foreign_tool": {
        "en": "A tool of another server failed.",
        "ko": "다른 서버의 도구를 쓰지 못했습니다.",
    },
    "on_screen": {
        "en": "The answer is on the screen; it is nothing for the ear.",
        "ko": "답을 화면에 보여 드렸습니다.",
    },
    "abilities": {
        "en": "I look up contacts, sales, expenses and notes, and write reports. What can I do for you?",
        "ko": "연락처와 매출, 비용, 노트를 찾고 보고서를 씁니다. 무엇을 도와드릴까요?",
    },
    "go_on": {"en": "Shall I go on?", "ko": "계속할까요?"},
    "that_was_all": {"en": "That was all.", "ko": "이것으로 끝입니다."},
    "nothing_more": {
        "en": "There is nothing more to tell. What can I do for you?",
        "ko": "더 말씀드릴 것이 없습니다. 무엇을 도와드릴까요?",
    },
    "nothing_said": {"en": "I have not said anything yet.", "ko": "아직 드린 말씀이 없습니다."},
    "all_right": {"en": "All right.", "ko": "알겠습니다."},
    "what_then": {"en": "Yes? What can I do for you?", "ko": "네, 무엇을 도와드릴까요?"},
    "welcome": {"en": "You are welcome.", "ko": "천만에요."},
    "goodbye": {"en": "Goodbye!", "ko": "안녕히 계세요!"},
    "slower": {"en": "I speak slower now.", "ko": "천천히 말씀드릴게요."},
    "faster": {"en": "I speak faster now.", "ko": "조금 빠르게 말씀드릴게요."},
    "louder": {"en": "I speak louder now.", "ko": "크게 말씀드릴게요."},
    "quieter": {"en": "I speak more quietly now.", "ko": "작게 말씀드릴게요."},
    "number": {
        "en": "I heard {number}. What shall I do with it?",
        "ko": "{number}이라고 들었습니다. 무엇을 해드릴까요?",
    },
}


def phrase(name: str, language: Language, **values: object) -> str:
    """The phrase of this name; `values` fill its slots."""
    return _PHRASES[name][language].format(**values)
