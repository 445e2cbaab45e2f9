"""The raw limit: a bare DevTools loop that does what a step needs and nothing else.

The same input, page time, frame and reading of the page as ours, one after the other; no checks, no recovery, no
waiting for the network, no evidence. It is what a careful person would write by hand.
"""

from __future__ import annotations

import asyncio
import base64
import io
import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from browser_env.chromium import ChromiumProcess
from browser_env.devtools import DevTools
from browser_env.miniwob import data_mode, miniwob_task
from browser_env.options import BrowserOptions
from browser_env.scripts import ISOLATED_WORLD, clock_script, miniwob_script, reading_scripts
from browser_env.serving import FolderServer
from experiments.benchmarks.ours import LISTS
from experiments.benchmarks.protocol import Job, Tally, drive, open_lines, serve

Point = tuple[float, float]
PICTURE = {"screenshot": {"format": "png", "optimizeForSpeed": True}}
IGNORED = json.dumps(miniwob_task("click-test").ignore)
STEP_MS = miniwob_task("click-test").step_ms
PHASES = ("input", "advance", "frame", "observe", "python")
OBSERVE = f"JSON.stringify(webdual.observe({IGNORED}, false))"
ADVANCE = f"webdual.advance({STEP_MS}).then((status) => status.page.done)"
START = (
    "webdual.advance(3000)"  # lets what the last episode left pending run out
    ".then(() => {{ webdual.begin({seed}, 0); return webdual.call('start', {{seed: '{seed}', mode: '{mode}'}}); }})"
)


@dataclass(slots=True, kw_only=True)
class Tab:
    """A page of a browser, as the protocol shows it."""

    process: ChromiumProcess
    devtools: DevTools
    version: str
    session: str
    world: int = 0  # the isolated world's execution context
    loaded: asyncio.Event = field(default_factory=asyncio.Event)

    def send(self, method: str, params: dict[str, Any] | None = None) -> asyncio.Future[Any]:
        """Send a command to the page."""
        return self.devtools.send(method, params, session=self.session)

    async def evaluate(self, expression: str) -> Any:
        """Return the JSON value of an expression in the isolated world, a promise's included."""
        request = {"expression": expression, "contextId": self.world, "returnByValue": True, "awaitPromise": True}
        return (await self.send("Runtime.evaluate", request))["result"].get("value")

    def listen(self) -> None:
        """Keep the isolated world of the newest document, and tell when that has loaded."""

        def on_context(event: dict[str, Any]) -> None:
            if event["context"]["name"] == ISOLATED_WORLD:
                self.world = event["context"]["id"]

        self.devtools.on("Runtime.executionContextCreated", on_context, session=self.session)
        self.devtools.on("Page.loadEventFired", lambda _: self.loaded.set(), session=self.session)


class BareLoop:
    """One page of one browser, driven without a library."""

    def __init__(self, job: Job):
        self._job = job
        self._loop = asyncio.new_event_loop()
        self._server = FolderServer(Path(job.pages))
        self._tab = self._loop.run_until_complete(_open(job))
        self._phase_s: dict[str, float] = {}
        self._clock = 0.0

    def prepare(self, task: str) -> None:
        """Load the page and make an episode."""
        self._loop.run_until_complete(self._load(f"http://{self._server.address}/miniwob/{task}.html"))
        self.measure(task, Tally(seconds=0))

    def measure(self, task: str, tally: Tally) -> None:
        """Make episodes until the tally has enough."""
        self._phase_s = dict.fromkeys(PHASES, 0.0)
        drive(self, tally, task=task, seed=self._job.seed, max_steps=self._job.max_steps)
        tally.phase_s = self._phase_s

    def reset(self, seed: int) -> list[Point]:
        """Begin an episode in the page as it is."""
        return self._loop.run_until_complete(self._reset(seed))

    def step(self, target: Point | None) -> tuple[list[Point], bool]:
        """Click, let page time pass, draw a frame, read the page."""
        return self._loop.run_until_complete(self._step(target))

    def versions(self) -> dict[str, str]:
        """Return Chromium's version."""
        return {"chromium": self._tab.version}

    def close(self) -> None:
        """End the browser and the page server."""
        self._tab.devtools.close()
        self._tab.process.end()
        self._server.close()
        self._loop.close()

    async def _load(self, url: str) -> None:
        self._tab.loaded.clear()
        await self._tab.send("Page.navigate", {"url": url})
        while not self._tab.loaded.is_set():
            await self._tab.send("HeadlessExperimental.beginFrame")

    async def _reset(self, seed: int) -> list[Point]:
        await self._tab.evaluate(START.format(seed=seed, mode=data_mode(seed)))
        data = await self._draw()
        return _see(data, await self._tab.evaluate(OBSERVE))

    async def _step(self, target: Point | None) -> tuple[list[Point], bool]:
        self._clock = time.perf_counter()
        if target is not None:
            await self._click(target)
        self._lap("input")
        done = await self._tab.evaluate(ADVANCE)
        self._lap("advance")
        data = await self._draw()
        self._lap("frame")
        text = await self._tab.evaluate(OBSERVE)
        self._lap("observe")
        targets = _see(data, text)
        self._lap("python")
        return targets, done

    def _lap(self, phase: str) -> None:
        now = time.perf_counter()
        self._phase_s[phase] += now - self._clock
        self._clock = now

    async def _click(self, place: Point) -> None:
        at = {"x": place[0], "y": place[1]}
        held = {**at, "button": "left", "clickCount": 1}
        await asyncio.gather(
            self._tab.send("Input.dispatchMouseEvent", {"type": "mouseMoved", **at}),
            self._tab.send("Input.dispatchMouseEvent", {"type": "mousePressed", **held}),
            self._tab.send("Input.dispatchMouseEvent", {"type": "mouseReleased", **held}),
        )

    async def _draw(self) -> bytes | None:
        if not self._job.pixels:
            await self._tab.send("HeadlessExperimental.beginFrame")
            return None
        while True:  # the first frame of a new document may come without its picture
            frame = await self._tab.send("HeadlessExperimental.beginFrame", PICTURE)
            if "screenshotData" in frame:
                return bytes(frame["screenshotData"])


def _see(picture: bytes | None, text: str) -> list[Point]:
    """Decode the picture and the page's elements, and return the middles of those that can be clicked and seen."""
    if picture is not None:
        with Image.open(io.BytesIO(base64.b64decode(picture))) as image:
            np.asarray(image.convert("RGB"))
    rows: list[list[Any]] = json.loads(text)["elements"]
    boxes = [row[5] for row in rows if "clickable" in row[4] and row[6] and row[1] not in LISTS]
    return [(box[0] + box[2] / 2, box[1] + box[3] / 2) for box in boxes]


async def _open(job: Job) -> Tab:
    process = ChromiumProcess.start(Path(job.browser), BrowserOptions().flags(frame_control=True))
    devtools = DevTools(read_fd=process.read_fd, write_fd=process.write_fd)
    version = (await devtools.send("Browser.getVersion"))["product"].partition("/")[2]
    width, height = job.viewport
    page = {"url": "about:blank", "width": width, "height": height, "enableBeginFrameControl": True}
    target = (await devtools.send("Target.createTarget", page))["targetId"]
    attached = await devtools.send("Target.attachToTarget", {"targetId": target, "flatten": True})
    tab = Tab(process=process, devtools=devtools, version=version, session=attached["sessionId"])
    tab.listen()
    await tab.send("Page.enable")
    for script in (*reading_scripts(), miniwob_script(), clock_script()):
        world = {"worldName": ISOLATED_WORLD} if script.isolated else {}
        await tab.send("Page.addScriptToEvaluateOnNewDocument", {"source": script.source, **world})
    await tab.send("Runtime.enable")
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    await tab.send("Emulation.setDeviceMetricsOverride", size)
    return tab


def main() -> None:
    """Run the job that is the last argument."""
    lines_out = open_lines()
    job = Job.from_text(sys.argv[-1])
    serve(BareLoop(job), job, lines_in=sys.stdin, lines_out=lines_out)


if __name__ == "__main__":
    main()
