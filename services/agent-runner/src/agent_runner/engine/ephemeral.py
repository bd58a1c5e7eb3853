"""A run that is not kept: the steps come back, nothing is remembered or stored."""

import asyncio
from uuid import uuid4

from langchain_core.messages import HumanMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.store.memory import InMemoryStore

from agent_runner.engine.assignment import ANYBODY
from agent_runner.engine.catalogue import Served
from agent_runner.engine.exits import contained
from agent_runner.engine.interrupts import question_of
from agent_runner.engine.steps import shown
from contracts.events import Step


async def run_once(served: Served, task: str, timeout_seconds: float) -> tuple[Step, ...]:
    """The steps of one run, the last of them the answer; a question to a person counts as the answer.

    Raises:
        TimeoutError: if the graph does not end in time.
    """
    ready, presentation = served.on(InMemorySaver(), InMemoryStore()), served.presentation
    facts = {"thread_id": str(uuid4()), "run_id": str(uuid4()), "user_id": ANYBODY, "protocol": "agent"}
    steps: list[Step] = []
    with contained():
        async with asyncio.timeout(timeout_seconds), ready.opened({"configurable": facts}) as compiled:
            config = ready.config(compiled, facts)
            message = ready.intake(compiled)(HumanMessage(task, id=facts["run_id"]), facts)
            context = ready.context(compiled, facts)
            async for chunk in compiled.astream(message, config, stream_mode="tasks", context=context):
                if "triggers" in chunk:
                    continue
                if chunk["interrupts"]:
                    steps += [
                        Step(kind="final_answer", text=question_of(asked["id"], asked["value"]).question)
                        for asked in chunk["interrupts"]
                    ]
                elif chunk.get("error") is None:
                    steps += presentation.steps(chunk["name"], shown(chunk["result"]))
            if not steps or steps[-1].kind != "final_answer":
                state = await compiled.aget_state(config)
                steps.append(Step(kind="final_answer", text=presentation.reply(state.values)))
    return tuple(steps)
