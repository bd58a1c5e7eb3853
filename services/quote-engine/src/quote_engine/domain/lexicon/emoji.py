"""Feelings shown by emoji, emoticons and jamo."""

from typing import Final

from contracts.events.quote import Emotion

EMOTIONS: Final[tuple[tuple[Emotion, float, str], ...]] = (
    ("sadness", 0.8, "😢 😭 😿 💔 😞 😔 🥺 ☹ 🙁 :( :'( ;( T_T ㅠ ㅜ"),
    ("anxiety", 0.8, "😰 😨 😱 😟 😧 😥 😬 🫣"),
    ("anger", 1.0, "😡 🤬 😠 👿 😤 💢"),
    ("exhaustion", 0.8, "😫 😩 🥱 😪 😴 🥵 😵 🫠"),
    ("loneliness", 0.6, "🥀 🍂"),
    ("discouragement", 0.6, "😓 🤦"),
    ("joy", 0.8, "😊 😀 😃 😄 😁 🥰 😍 🎉 🥳 ☺ 🙂 😆 💕 🎊 :) :D"),
    ("joy", 0.25, "ㅎㅎ ㅋㅋ ❤ 😂 🤣"),
)
