"""``/api/dead-letters``: what no service could handle, for an operator to see, say again or drop."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Final

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel

from access.visitor import VISITOR
from contracts.tokens import OPERATOR_SCOPE
from edge_rest.errors import documented
from eventlog.turns.dead_letters import DeadLetter, DeadLetterQueue, NoSuchLetter

LISTED_AT_MOST: Final = 200

Number = Annotated[int, Path(description="The letter's number, as the list has it", ge=1, le=1 << 62)]


class NumberedLetter(DeadLetter):
    """A dead letter.

    Attributes:
        number: what it is named by.
        sequence: of the event that could not be handled, where the log still has it.
    """

    number: int

    @classmethod
    def of(cls, number: int, letter: DeadLetter) -> "NumberedLetter":
        """A letter with its number."""
        return cls(number=number, **letter.model_dump())


class DeadLetterList(BaseModel):
    """Dead letters, oldest first.

    Attributes:
        more: whether there are further ones behind the last.
    """

    dead_letters: list[NumberedLetter]
    more: bool


class SaidAgain(BaseModel):
    """A message that was said again.

    Attributes:
        sequence: of the new message in the log.
    """

    sequence: int


async def operator() -> None:
    """Let only operators pass.

    Raises:
        HTTPException: 403 for anybody else.
    """
    visitor = VISITOR.get()
    if visitor is None or not await visitor.is_operator():
        raise HTTPException(403, f"a token with the scope {OPERATOR_SCOPE} is needed")


def router(queue: DeadLetterQueue) -> APIRouter:
    """The routes, each for operators alone."""
    routes = APIRouter(
        prefix="/api/dead-letters",
        tags=["system"],
        dependencies=[Depends(operator)],
        responses=documented(403, 503),
    )

    @routes.get("")
    async def dead_letters(
        after: Annotated[int, Query(description="Begin behind this number", ge=0, le=1 << 62)] = 0,
        limit: Annotated[int, Query(ge=1, le=LISTED_AT_MOST)] = 50,
    ) -> DeadLetterList:
        """What could not be handled, and why."""
        found: list[NumberedLetter] = []
        async for number, letter in queue.letters(after=after):
            if len(found) == limit:
                return DeadLetterList(dead_letters=found, more=True)
            found.append(NumberedLetter.of(number, letter))
        return DeadLetterList(dead_letters=found, more=False)

    @routes.get("/{number}", responses=documented(404))
    async def dead_letter(number: Number) -> NumberedLetter:
        """One dead letter."""
        with _known():
            return NumberedLetter.of(number, await queue.letter(number))

    @routes.post("/{number}/retry", responses=documented(404))
    async def retry(number: Number) -> SaidAgain:
        """Say its message again, as a new one, and drop the letter."""
        with _known():
            return SaidAgain(sequence=await queue.retry(number))

    @routes.delete("/{number}", status_code=204, responses=documented(404))
    async def drop(number: Number) -> None:
        """Drop it; the conversation stays as it is."""
        with _known():
            await queue.drop(number)

    return routes


@contextmanager
def _known() -> Iterator[None]:
    try:
        yield
    except NoSuchLetter as error:
        raise HTTPException(404, f"{error}") from None
