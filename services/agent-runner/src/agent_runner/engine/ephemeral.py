"""A run that is not kept: the steps come back, nothing is remembered or stored."""

import asyncio
from uuid import uuid4

from langchain_core.messages import HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver

from agent_runner.engine.catalogue import Graph, Served
from agent_runner.engine.interrupts import question_of
from contracts.events import Step


async def run_once(served: Served[Graph], task: str, timeout_seconds: float) -> tuple[Step, ...]:
    """The steps of one run, the last of them the answer; a question to a person counts as the answer.

    Raises:
        TimeoutError: if the graph does not end in time.
    """
    compiled, presentation = served.on(InMemorySaver()).graph, served.presentation
    config: RunnableConfig = {"configurable": {"thread_id": str(uuid4())}}
    steps: list[Step] = []
    async with asyncio.timeout(timeout_seconds):
        message = {"messages": [HumanMessage(task, id=str(uuid4()))]}
        async for chunk in compiled.astream(message, config, stream_mode="tasks"):
            if "triggers" in chunk:
                continue
            if chunk["interrupts"]:
                steps += [
                    Step(kind="final_answer", text=question_of(asked["id"], asked["value"]).question)
                    for asked in chunk["interrupts"]
                ]
            elif chunk.get("error") is None:
                steps += presentation.steps(chunk["name"], chunk["result"])
        if not steps or steps[-1].kind != "final_answer":
            state = await compiled.aget_state(config)
            steps.append(Step(kind="final_answer", text=presentation.reply(state.values)))
    return tuple(steps)
