"""What voice-bridge is asked."""

from typing import Final

from pydantic import BaseModel, ConfigDict

VOICE_OPEN: Final = "voice.open"


class OpenVoice(BaseModel):
    """Hold the voice session of a conversation, in place of whoever held it before.

    Attributes:
        link: names the pair of subjects that frames are exchanged over, see `protocols.voice.link`.
        was_cut_off: the user was speaking when the replica before this one was lost.
    """

    model_config = ConfigDict(frozen=True)

    conversation: str
    link: str
    was_cut_off: bool = False


class VoiceOpened(BaseModel):
    """The answer to `OpenVoice`: from here on frames are taken."""

    model_config = ConfigDict(frozen=True)

    replica: str
