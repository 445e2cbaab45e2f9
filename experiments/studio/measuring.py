"""How fast the studio shows a page and answers to a person, alone and beside agents at work."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from browser_env.action import Point
from browser_env.environment import Environment
from browser_env.episode import Source
from browser_env.serving import FolderServer
from browser_env.task import NEVER, Task
from experiments.studio.app import Studio
from experiments.studio.gestures import Event, Gestures, hear
from experiments.studio.live import FRAME_S
from experiments.studio.offering import offer
from experiments.studio.recording import Recording

VIEWPORT = (1280, 720)
PACE_S = 1.0  # between an agent's steps, as the studio has it
PAGE = """<!doctype html><meta charset="utf-8"><title>Board</title>
<style>body{margin:0;font:16px sans-serif}button{width:150px;height:60px;margin:4px}</style><main></main><script>
const main = document.querySelector("main");
for (let i = 0; i < 72; i++) {
  const button = document.createElement("button");
  button.textContent = "Button " + i;
  button.onclick = () => { button.style.background = "hsl(" + (i * 37 % 360) + " 80% 70%)"; };
  main.append(button);
}
</script>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a person gets."""

    beside: int  # agents at work meanwhile
    frames_per_s: float  # pictures of the page, drawn and compressed
    latency_p50_ms: float  # from a click to the picture that shows what it did
    latency_p95_ms: float
    clicks: int

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON-serialisable data."""
        return asdict(self)


def measure(*, beside: int, seconds: float) -> Figures:
    """Click and look for so long, with agents at work in the same studio, a step a second each."""
    with tempfile.TemporaryDirectory() as folder, FolderServer(Path(folder)) as server:
        Path(folder, "board.html").write_text(PAGE, encoding="utf-8")
        url = f"http://{server.address}/board.html"
        task = Task(name="bench/board", url=url, goal="Click", verifier=NEVER, viewport=VIEWPORT, max_steps=10**6)
        studio = offer(Path(folder, "store"), num_agents=beside, pace_s=PACE_S)
        latencies, rate = asyncio.run(_measure(studio, task, seconds))
    cuts = statistics.quantiles(latencies, n=20, method="inclusive")
    return Figures(
        beside=beside,
        frames_per_s=round(rate, 1),
        latency_p50_ms=round(statistics.median(latencies), 1),
        latency_p95_ms=round(cuts[-1], 1),
        clicks=len(latencies),
    )


async def _measure(studio: Studio, task: Task, seconds: float) -> tuple[list[float], float]:
    await studio.start()
    recording = Recording(Environment(studio.host), task, seed=0, source=Source.HUMAN, consent=None)
    try:
        await recording.restart()
        while any(table.recording is None and not table.trouble for table in studio.agents):
            await asyncio.sleep(0.1)
        return await _use(recording, seconds)
    finally:
        await recording.close()
        await studio.stop()


async def _use(recording: Recording, seconds: float) -> tuple[list[float], float]:
    """Look at the pace of the live view, and click on one button after the other, twice a second."""
    frames: list[float] = []
    done = asyncio.Event()

    async def look() -> None:
        while not done.is_set():
            started = time.monotonic()
            await recording.view()
            frames.append(time.monotonic())
            await asyncio.sleep(max(0.0, FRAME_S - (time.monotonic() - started)))

    looking = asyncio.create_task(look())
    latencies: list[float] = []
    end = time.monotonic() + seconds
    while len(latencies) < 2 or time.monotonic() < end:  # a percentile needs two
        latencies.append(await _click(recording, len(latencies)))
        await asyncio.sleep(0.5)
    done.set()
    await looking
    return latencies, (len(frames) - 1) / (frames[-1] - frames[0])


async def _click(recording: Recording, index: int) -> float:
    """Click as a person does; return the ms until the picture after it is there."""
    spot = Point(79.0 + 158 * (index % 8), 34.0 + 68 * (index // 8 % 9))
    started = time.monotonic()
    state = Gestures()
    for kind in ("down", "up"):
        heard = hear(state, Event(kind=kind, at_ms=0.0, x=spot.x, y=spot.y), recording.observation)
        state = heard.state
        for action in heard.actions:
            await recording.act(action, actor=Source.HUMAN)
    await recording.view()
    return (time.monotonic() - started) * 1000
