"""The reply to a message: by rules and the trained reader, with a chat model's help where there is one."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final

from quote_engine.domain.dialogue import CrisisReply, Dialogue, Reply, reply, unread, with_quotation
from quote_engine.domain.guidance import accept, prompt
from quote_engine.domain.language import composed, language_of
from quote_engine.domain.quotation import Quotation
from quote_engine.domain.reading import Trained
from quote_engine.ports import Listener, ListenerError

_log: Final = logging.getLogger(__name__)


async def answer(
    state: Dialogue,
    text: str,
    *,
    conversation: str,
    quotations: Sequence[Quotation],
    recent: Collection[str] = (),
    trained: Trained | None = None,
    threads: Executor | None = None,
    reading_patience: float = 10.0,
    listener: Listener | None = None,
    patience: float = 10.0,
) -> Reply:
    """The reply to one message.

    Words of crisis that the rules or the trained reader see are answered at once; a model can see more of
    them, never fewer.

    Args:
        threads: where the message is read, since it takes computing; the loop's own threads if left out.
        reading_patience: seconds that this may take before the message gets a careful reply unread.
        patience: seconds the model has before the rules answer alone.

    Raises:
        NoQuotationError: at stage four, if the collection has none to give.
    """
    reading = partial(
        reply,
        state,
        text,
        conversation=conversation,
        quotations=quotations,
        recent=recent,
        trained=trained,
    )
    try:
        async with asyncio.timeout(reading_patience):
            ruled = await asyncio.get_running_loop().run_in_executor(threads, reading)
    except TimeoutError:
        _log.warning("a message of %d characters was not read in %s s", len(text), reading_patience)
        language = language_of(composed(text[:1_000]), state.language)
        return with_quotation(unread(state, language), state, conversation, quotations, recent)
    if listener is None or isinstance(ruled, CrisisReply):
        return ruled
    try:
        async with asyncio.timeout(patience):
            guidance = await listener.listen(prompt(state, text, ruled.stage, ruled.language))
    except ListenerError as error:
        _log.warning("the rules answer alone: %s", error)
        return ruled
    except TimeoutError:
        _log.warning("the rules answer alone: the chat model took more than %s s", patience)
        return ruled
    answered = accept(state, ruled, guidance)
    if isinstance(answered, CrisisReply):
        return answered
    return with_quotation(answered, state, conversation, quotations, recent)
