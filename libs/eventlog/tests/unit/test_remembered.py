"""The last answer to a question counts while nobody answers."""

import pytest

from contracts.queries import Graphs
from eventlog.ports import LogError, Unavailable
from eventlog.query import Nobody, Remembered

SERVED = Graphs(names=("planner",), default="planner", langgraph="1")


class Service:
    """Answers, or raises."""

    def __init__(self) -> None:
        self.fault: LogError | None = None
        self.answer = SERVED

    async def __call__(self) -> Graphs:
        if self.fault:
            raise self.fault
        return self.answer


async def test_the_newest_answer_counts() -> None:
    service = Service()
    served = Remembered(service)
    assert await served.newest() == SERVED
    service.answer = SERVED.model_copy(update={"names": ("chat",)})
    assert (await served.newest(lambda _: False)).names == ("chat",)


async def test_while_nobody_answers_the_last_one_does_if_it_fits() -> None:
    service = Service()
    served = Remembered(service)
    await served.newest()
    service.fault = Nobody("nobody answers")
    assert await served.newest(lambda graphs: "planner" in graphs.names) == SERVED
    with pytest.raises(Nobody):
        await served.newest(lambda graphs: "other" in graphs.names)


@pytest.mark.parametrize("fault", [Unavailable("no answer in time"), LogError("refused")])
async def test_without_an_answer_or_with_a_refusal_the_fault_is_told(fault: LogError) -> None:
    service = Service()
    service.fault = fault
    served = Remembered(service)
    with pytest.raises(type(fault)):
        await served.newest()
