"""The voice protocol over the whole stack: how soon it answers and falls silent, and what a session costs.

Run as ``python bench/voice.py [turns] [most]`` beside a stack, with its PARLEY_PORT. Guests stream speech
made by espeak-ng at real-time pace; end of speech is the last sample above a hundredth of full scale. How
many can talk at once is searched up to `most`: doubled while half of the answers come within GOOD_MS and
nothing fails. The client runs on the same machine and takes its share of it.
"""

import asyncio
import base64
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np
import soxr
from websockets.asyncio.client import ClientConnection, connect

FRAME_MS = 40
RATE = 24_000
FRAME_BYTES = RATE * 2 * FRAME_MS // 1000
HOST = f"127.0.0.1:{os.environ.get('PARLEY_PORT', '8000')}"
GOOD_MS = 600
QUIET_SECONDS = 6.0
SPREAD_SECONDS = 3.0
"""Over which the guests of a crowd come, so that they do not speak in chorus."""
TICKS = os.sysconf("SC_CLK_TCK")

Result = TypeVar("Result")


def speech(text: str) -> bytes:
    """Text as the protocol's audio, with silence after it."""
    program = ["espeak-ng", "-b", "1", "-v", "en-us+f3", "-s", "150", "--stdout", text]
    wav = subprocess.run(program, capture_output=True, check=True).stdout
    samples = np.frombuffer(wav[44:], "<i2").astype(np.float32) / 32768
    spoken = (np.clip(soxr.resample(samples, 22_050, RATE), -1, 1) * 32767).astype("<i2")
    return bytes(RATE * 2 // 4) + bytes(spoken.tobytes())


class Guest:
    """One guest with an open microphone; `times` is when frames of each type came."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.times: dict[str, list[float]] = {}
        self.waiting = bytearray()
        self.came = asyncio.Event()

    async def listen(self) -> None:
        """Note when frames come."""
        async for text in self.socket:
            self.times.setdefault(json.loads(text)["type"], []).append(time.monotonic())
            self.came.set()

    async def microphone(self) -> None:
        """Send what is to be said, and silence in between, in real time."""
        due = time.monotonic()
        while True:
            frame = bytes(self.waiting[:FRAME_BYTES]).ljust(FRAME_BYTES, b"\0")
            del self.waiting[:FRAME_BYTES]
            audio = base64.b64encode(frame).decode()
            await self.socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": audio}))
            due += FRAME_MS / 1000
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def after(self, kind: str, moment: float) -> float:
        """When the first frame of a kind came after a moment."""
        async with asyncio.timeout(60):
            while True:
                if found := [at for at in self.times.get(kind, []) if at > moment]:
                    return found[0]
                self.came.clear()
                await self.came.wait()

    async def turn(self, pcm: bytes) -> float:
        """Say something; milliseconds from the end of speech to the first audio."""
        loud = np.flatnonzero(np.abs(np.frombuffer(pcm, "<i2").astype(np.int32)) > 327)
        began = time.monotonic()
        self.waiting += pcm
        first = await self.after("audio.delta", began)
        await self.after("transcript.done", first)
        return (first - began) * 1000 - float(loud[-1]) / (RATE / 1000)


async def guest(run: Callable[[Guest], Awaitable[Result]]) -> Result:
    """Open a session and do something in it."""
    async with httpx.AsyncClient() as client:
        created = (await client.post(f"http://{HOST}/api/v1/chat/guest-sessions")).json()
    address = f"ws://{HOST}/api/v1/chat/ws/guest-chat/{created['session_id']}"
    async with connect(address, max_size=None) as socket:
        one = Guest(socket)
        tasks = [asyncio.create_task(one.listen()), asyncio.create_task(one.microphone())]
        try:
            return await run(one)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def stack_seconds() -> float:
    """CPU time of all the stack's processes, which have its port in their environment."""
    total = 0.0
    setting = f"PARLEY_PORT={HOST.rsplit(':', 1)[1]}\0".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            is_ours = setting in (entry / "environ").read_bytes()
            fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(map(int, fields[11:15])) / TICKS if is_ours else 0.0
    return total


async def talking(sessions: int, turns: int, pcm: bytes) -> bool:
    """Print how many sessions fare that talk at once; whether all went well."""

    async def one_of_them(number: int) -> list[float]:
        await asyncio.sleep(SPREAD_SECONDS * number / sessions)
        return await guest(several(turns, pcm))

    began, before, own = time.monotonic(), stack_seconds(), time.process_time()
    answers = await asyncio.gather(*map(one_of_them, range(sessions)), return_exceptions=True)
    lasted = time.monotonic() - began
    used = (stack_seconds() - before) / lasted
    delays = [delay for answer in answers if isinstance(answer, list) for delay in answer]
    failed = sum(isinstance(answer, BaseException) for answer in answers)
    report(f"{sessions} sessions talking, {failed} failed: end of speech to first audio.delta", delays)
    client = (time.process_time() - own) / lasted
    print(f"  CPU: {used:.2f} cores, {used / sessions:.1%} of one a session; this client {client:.2f}")
    return not failed and statistics.median(delays) < GOOD_MS


async def silent(sessions: int) -> None:
    """Print what sessions cost whose microphones are open and in which nobody speaks."""

    async def listens(_: Guest) -> None:
        await asyncio.sleep(2 * QUIET_SECONDS)

    async with asyncio.TaskGroup() as group:
        for _ in range(sessions):
            group.create_task(guest(listens))
        await asyncio.sleep(QUIET_SECONDS / 2)
        before = stack_seconds()
        await asyncio.sleep(QUIET_SECONDS)
        used = (stack_seconds() - before) / QUIET_SECONDS
    print(f"{sessions} silent sessions: CPU {used:.2f} cores, {used / sessions:.1%} of one a session")


def several(turns: int, pcm: bytes) -> Callable[[Guest], Awaitable[list[float]]]:
    """The same thing said some times, each time after the answer."""

    async def run(one: Guest) -> list[float]:
        return [await one.turn(pcm) for _ in range(turns)]

    return run


async def main(turns: int, most: int) -> None:
    """Print the figures."""
    thanks, talk = speech("thank you"), speech("what can you do")

    async def interrupts(one: Guest) -> list[float]:
        delays = []
        for _ in range(max(1, turns // 3)):
            began = time.monotonic()
            one.waiting += talk
            await asyncio.sleep(await one.after("audio.delta", began) - time.monotonic() + 1.5)
            began = time.monotonic()
            one.waiting += thanks
            detected = await one.after("speech.started", began)
            delays.append((await one.after("audio.done", detected - 0.001) - detected) * 1000)
            await one.after("transcript.done", await one.after("audio.delta", detected + 0.3))
        return delays

    report("end of speech to first audio.delta", await guest(several(turns, thanks)))
    report("speech.started to audio.done of a barge-in", await guest(interrupts))
    await silent(8)
    sessions, carried = 1, 0
    while sessions <= most and await talking(sessions, 3, thanks):
        sessions, carried = 2 * sessions, sessions
    print(f"{carried} sessions talked at once with half of the answers within {GOOD_MS} ms and no failure")


def report(name: str, delays: list[float]) -> None:
    """One line, in milliseconds."""
    ordered = sorted(delays) or [float("inf")]
    print(
        f"{name}, ms: p50 {statistics.median(ordered):.0f}, max {ordered[-1]:.0f} of {len(ordered)}",
        flush=True,
    )


if __name__ == "__main__":
    arguments = [int(each) for each in sys.argv[1:]]
    asyncio.run(main(*(arguments + [10, 32][len(arguments) :])))
