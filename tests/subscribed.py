"""The moment from which a subscription receives."""

from nats.aio.client import Client


async def subscribed(client: Client) -> None:
    """Wait until the server knows all that the client has subscribed to.

    The PING of `Client.flush` may leave before a SUBSCRIBE that was made just before it. That has left by the
    time of the answer, and so the second PING follows it.
    """
    await client.flush()
    await client.flush()
