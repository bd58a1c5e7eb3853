"""The reply to a message: by the rules, and with a chat model's help where one is configured."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from typing import Final

from quote_engine.domain.dialogue import CrisisReply, Dialogue, Reply, reply, with_quotation
from quote_engine.domain.guidance import accept, prompt
from quote_engine.domain.quotation import Quotation
from quote_engine.ports import Listener, ListenerError

_log: Final = logging.getLogger(__name__)


async def answer(
    state: Dialogue,
    text: str,
    *,
    conversation: str,
    quotations: Sequence[Quotation],
    recent: Collection[str] = (),
    listener: Listener | None = None,
    patience: float = 10.0,
) -> Reply:
    """The reply to one message.

    Words of crisis that the rules see are answered at once; a model can see more of them, never fewer.

    Args:
        patience: seconds the model has before the rules answer alone.

    Raises:
        NoQuotationError: at stage four, if the collection has none to give.
    """
    ruled = reply(state, text, conversation=conversation, quotations=quotations, recent=recent)
    if listener is None or isinstance(ruled, CrisisReply):
        return ruled
    try:
        async with asyncio.timeout(patience):
            guidance = await listener.listen(prompt(state, text, ruled.stage, ruled.language))
    except (ListenerError, TimeoutError) as error:
        _log.warning("the rules answer alone: %s", error or "the chat model took too long")
        return ruled
    answered = accept(ruled, guidance)
    if isinstance(answered, CrisisReply):
        return answered
    return with_quotation(answered, state, conversation, quotations, recent)
