"""The sentences the replies are made of. The Korean ones of stages one and four are the protocol's own."""

from typing import Final

from contracts.events.quote import Emotion, Language, Theme

OPENING: Final[dict[Language, str]] = {
    "ko": "안녕하세요! {said}에 대해 말씀해주셔서 감사합니다. 더 자세히 들려주실 수 있나요?",
    "en": "Hello! Thank you for telling me about this: “{said}”. Could you tell me a little more?",
}
OPENING_WITHOUT_WORDS: Final[dict[Language, str]] = {
    "ko": "안녕하세요! 지금의 마음에 대해 말씀해주셔서 감사합니다. 더 자세히 들려주실 수 있나요?",
    "en": "Hello! Thank you for reaching out. Could you tell me a little more about how you are?",
}
COMFORT: Final[dict[Language, str]] = {
    "ko": "충분히 이해됩니다. 당신의 마음을 어루만져줄 수 있는 따뜻한 말을 전해드릴게요.",
    "en": "I truly understand. Let me share some warm words to comfort your heart.",
}

TAKEN_UP: Final = "“{said}”… "

HEARD: Final[dict[Language, dict[Emotion, str]]] = {
    "ko": {
        "sadness": "그런 상황이셨군요. 정말 힘드셨을 것 같아요.",
        "anxiety": "그런 상황이셨군요. 많이 불안하셨을 것 같아요.",
        "anger": "그런 일이 있으셨군요. 정말 화가 나셨을 것 같아요.",
        "exhaustion": "그런 상황이셨군요. 정말 많이 지치셨을 것 같아요.",
        "loneliness": "그런 상황이셨군요. 참 외로우셨을 것 같아요.",
        "discouragement": "그런 상황이셨군요. 많이 속상하셨을 것 같아요.",
        "joy": "그런 일이 있으셨군요. 정말 기쁘셨을 것 같아요.",
        "neutral": "그런 상황이셨군요. 들려주셔서 고마워요.",
    },
    "en": {
        "sadness": "I'm so sorry. That must have been really hard.",
        "anxiety": "I see. That sounds really unsettling.",
        "anger": "I see. Anyone would be angry at that.",
        "exhaustion": "I see. You must be worn out.",
        "loneliness": "I see. That sounds really lonely.",
        "discouragement": "I'm sorry. That must have been disheartening.",
        "joy": "That's lovely to hear. You must be so glad.",
        "neutral": "I see. Thank you for telling me.",
    },
}
MIXED: Final[dict[Language, str]] = {
    "ko": "그런 상황이셨군요. 여러 마음이 함께 드셨을 것 같아요.",
    "en": "I see. It sounds as if you feel several things at once.",
}

ASK_FEELING: Final[dict[Language, dict[Emotion, str]]] = {
    "ko": {
        "joy": "그 순간 어떤 마음이 드셨나요?",
        "neutral": "요즘은 어떤 기분으로 지내고 계신가요?",
        "exhaustion": "언제부터 그런 기분이 드셨나요?",
        "anger": "그때 가장 마음에 걸린 것은 무엇이었나요?",
        "anxiety": "그중에서 가장 걱정되는 것은 무엇인가요?",
    },
    "en": {
        "joy": "What went through your mind at that moment?",
        "neutral": "How have you been feeling these days?",
        "exhaustion": "When did you begin to feel this way?",
        "anger": "What was it that stung the most?",
        "anxiety": "Which part of it worries you the most?",
    },
}
ASK_FEELING_OTHERWISE: Final[dict[Language, str]] = {
    "ko": "그때 어떤 기분이 드셨나요?",
    "en": "How did that make you feel?",
}

STAYED: Final[dict[Language, dict[Emotion, str]]] = {
    "ko": {
        "sadness": "그 마음을 안고 지내시느라 애쓰셨어요.",
        "anxiety": "그런 마음으로 지내시기가 쉽지 않으셨겠어요.",
        "anger": "그렇게 느끼시는 게 당연해요.",
        "exhaustion": "여기까지 버텨 오신 것만으로도 대단하세요.",
        "loneliness": "그 마음을 이렇게 나눠 주셔서 고마워요.",
        "discouragement": "그만큼 애써 오셨기 때문에 더 속상하셨을 거예요.",
        "joy": "듣고 있는 저까지 마음이 따뜻해지네요.",
        "neutral": "차분히 들려주셔서 고마워요.",
    },
    "en": {
        "sadness": "You have been carrying a lot.",
        "anxiety": "It can't be easy to live with that.",
        "anger": "It makes sense that you feel this way.",
        "exhaustion": "Just getting this far took strength.",
        "loneliness": "Thank you for sharing that with me.",
        "discouragement": "It hurts because you have tried so hard.",
        "joy": "That warms my heart, too.",
        "neutral": "Thank you for going through it with me.",
    },
}

ASK_NEED: Final[dict[Language, dict[Theme, str]]] = {
    "ko": {
        "work": "지금 일에서 무엇이 달라지면 마음이 조금 가벼워질까요?",
        "study": "지금 스스로에게 어떤 말을 해 주고 싶으신가요?",
        "love": "그 사람과의 일에서 지금 가장 마음에 남는 것은 무엇인가요?",
        "family": "가족에게 가장 전하고 싶은 마음은 무엇인가요?",
        "friends": "곁에 어떤 사람이 있어 주면 좋을까요?",
        "loss": "함께한 시간 중에 가장 기억하고 싶은 것은 무엇인가요?",
        "health": "몸과 마음을 위해 지금 가장 필요한 것은 무엇일까요?",
        "money": "지금 가장 먼저 덜어 내고 싶은 짐은 무엇인가요?",
        "future": "앞으로 어떤 모습이 되기를 바라시나요?",
        "self": "가까운 친구가 같은 마음이라면 어떤 말을 해 주고 싶으신가요?",
        "focus": "오늘 딱 한 가지만 한다면 무엇을 하고 싶으신가요?",
        "general": "지금 당신에게 가장 필요한 것은 무엇일까요?",
    },
    "en": {
        "work": "What would have to change at work to lighten this a little?",
        "study": "What would you like to say to yourself right now?",
        "love": "What stays with you the most about the two of you?",
        "family": "What would you most like your family to know?",
        "friends": "Who would you like to have by your side?",
        "loss": "What do you most want to remember of the time together?",
        "health": "What do your body and mind need most right now?",
        "money": "Which burden would you like to put down first?",
        "future": "What do you hope it will look like one day?",
        "self": "What would you say to a close friend who felt the same?",
        "focus": "If you did only one thing today, what would it be?",
        "general": "What do you need most right now?",
    },
}
ASK_JOY: Final[dict[Language, str]] = {
    "ko": "이 기쁨을 누구와 나누고 싶으신가요?",
    "en": "Who would you like to share this joy with?",
}
