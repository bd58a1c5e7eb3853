"""The long frames that a conversation has shown, which the next ones are told as changes of."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from contracts.envelope import Recorded
from contracts.events import StatesStreamed
from eventlog.ports import Log
from eventlog.turns.patches import Chains

REMEMBERED_CHARACTERS: Final = 32_000_000
WORTH: Final = 8
ALWAYS_WORTH: Final = 1_000_000
"""Chains go on until reading all of their changes is that many times more than what they say now."""


@dataclass(slots=True)
class Shown:
    """The newest long frames of a conversation.

    Attributes:
        base: reading from this sequence on finds all of them; 0 where there is none.
        told: how many characters of changes there are since.
        known: whether the log has been read.
    """

    chains: Chains = field(default_factory=Chains)
    base: int = 0
    told: int = 0
    known: bool = False

    @property
    def characters(self) -> int:
        """How much of them there is."""
        return sum(map(len, self.chains.texts.values()))

    @property
    def is_long_winded(self) -> bool:
        """Whether it is cheaper to say everything anew than to read all the changes."""
        return self.told > max(ALWAYS_WORTH, WORTH * self.characters)

    async def load(self, log: Log, conversation: str, begins: int) -> None:
        """Read what the log has, in the life of the conversation that began there, unless it is known."""
        if self.known:
            return
        newest = await log.last(conversation, StatesStreamed.type)
        if newest and newest.sequence > begins and isinstance(newest.event, StatesStreamed):
            after = max(newest.event.base - 1, begins)
            async for recorded in log.read(conversation, after=after, pattern=StatesStreamed.type):
                self.committed([recorded])
        self.known = True

    def committed(self, batch: Sequence[Recorded]) -> None:
        """Take in what is in the log now."""
        for recorded in batch:
            if not isinstance(event := recorded.event, StatesStreamed):
                continue
            if event.base != self.base:
                self.chains, self.base, self.told = Chains(), event.base, 0
            self.chains.read(event)
            self.told += sum(len(part) for frame in event.frames for part in frame.parts)

    def ahead(self) -> "Shown":
        """A copy that goes ahead of the log."""
        return replace(self, chains=Chains(dict(self.chains.texts)))


class ShownByAll:
    """What this process remembers of the conversations that it has answered last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[int, Shown]] = OrderedDict()
        self._characters = 0

    def take(self, conversation: str, newest_run: int) -> Shown:
        """What was shown, as far as it is known; `newest_run` is where the newest event of a run is."""
        at, shown = self._kept.pop(conversation, (newest_run, Shown()))
        self._characters -= shown.characters
        return shown if at == newest_run else Shown()

    def keep(self, conversation: str, newest_run: int, shown: Shown) -> None:
        """Remember what was shown up to the newest event of a run; what was not used for longest goes."""
        if not shown.known:
            return
        self._kept[conversation] = newest_run, shown
        self._characters += shown.characters
        while self._characters > REMEMBERED_CHARACTERS and len(self._kept) > 1:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._characters -= oldest.characters
