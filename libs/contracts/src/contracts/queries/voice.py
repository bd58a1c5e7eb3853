"""What voice-bridge is asked."""

from typing import Final

from pydantic import BaseModel, ConfigDict

VOICE_OPEN: Final = "voice.open"


class OpenVoice(BaseModel):
    """Hold the voice session of a conversation, in place of whoever held it before.

    Attributes:
        link: names the pair of subjects that frames are exchanged over, see `voice_link`.
    """

    model_config = ConfigDict(frozen=True)

    conversation: str
    link: str


class VoiceOpened(BaseModel):
    """The answer to `OpenVoice`: from here on frames are taken."""

    model_config = ConfigDict(frozen=True)

    replica: str
