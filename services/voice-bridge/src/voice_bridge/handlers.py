"""What reaches voice-bridge over NATS: requests to hold a session."""

import logging

from faststream.nats import NatsRouter

from contracts import subjects
from contracts.queries import VOICE_OPEN, Failure, OpenVoice, VoiceOpened
from eventlog.ports import LogError
from voice_bridge.sessions import Full, Refused, Sessions

logger = logging.getLogger(__name__)

SERVICE = "voice-bridge"
CONCURRENT_OPENINGS = 8


def router(sessions: Sessions, replica: str) -> NatsRouter:
    """The subscriber, wired to what it needs."""
    routes = NatsRouter()

    @routes.subscriber(
        subjects.query(VOICE_OPEN), queue=SERVICE, max_workers=CONCURRENT_OPENINGS, title="OpenVoice"
    )
    async def open_voice(request: OpenVoice) -> VoiceOpened | Failure:
        """Hold the voice session of a conversation."""
        try:
            await sessions.open(request)
        except Full as error:
            logger.warning("voice session %r is not opened: %s", request.conversation, error)
            return Failure(failure="busy", message=str(error))
        except (Refused, LogError) as error:
            logger.warning("voice session %r is not opened: %s", request.conversation, error)
            return Failure(failure="internal", message=str(error))
        return VoiceOpened(replica=replica)

    return routes
