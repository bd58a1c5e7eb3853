"""Being told that events were recorded, over all conversations, without reading them."""

from collections.abc import Callable

from nats.aio.msg import Msg

from contracts import subjects
from eventlog.broker import Broker


async def notice(broker: Broker, pattern: str, noticed: Callable[[str], None]) -> None:
    """Tell the conversation of every event whose type and tokens fit, from now on; one may be missed."""

    async def tell(message: Msg) -> None:
        noticed(subjects.key_of(message.subject))

    await broker.client.subscribe(subjects.recorded_everywhere(pattern), cb=tell)
