"""miniwob-plusplus, which drives Chromium with Selenium; runs in a virtual environment of its own."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Any

from miniwob.action import ActionTypes
from miniwob.environment import MiniWoBEnvironment

from experiments.benchmarks.protocol import Job, Tally, drive, open_lines, serve

Point = tuple[float, float]
CLICKABLE = ("a", "button", "label")  # and every input


class MiniWoB:
    """One instance; tuned, it takes no pictures and does not wait for the page at a reset."""

    def __init__(self, job: Job):
        self._job = job
        self._env: Any = None

    def prepare(self, task: str) -> None:
        """Start a browser at the page and make an episode."""
        self.close()
        self._env = MiniWoBEnvironment(task, block_on_reset=not self._job.tuned)
        drive(self, Tally(seconds=0), task=task, seed=self._job.seed, max_steps=self._job.max_steps)

    def measure(self, task: str, tally: Tally) -> None:
        """Make episodes until the tally has enough."""
        drive(self, tally, task=task, seed=self._job.seed, max_steps=self._job.max_steps)

    def reset(self, seed: int) -> list[Point]:
        """Begin an episode."""
        observation, _ = self._env.reset(seed=seed, options={"record_screenshots": not self._job.tuned})
        return _targets(observation)

    def step(self, target: Point | None) -> tuple[list[Point], bool]:
        """Click at a point."""
        kind = ActionTypes.NONE if target is None else ActionTypes.CLICK_COORDS
        action = self._env.unwrapped.create_action(kind, **({} if target is None else {"coords": target}))
        observation, _, terminated, truncated, _ = self._env.step(action)
        return _targets(observation), terminated or truncated

    def versions(self) -> dict[str, str]:
        """Return the packages' versions and the browser's."""
        browser = self._env.instance.driver.capabilities["browserVersion"]
        return {"miniwob": version("miniwob"), "selenium": version("selenium"), "chromium": browser}

    def close(self) -> None:
        """End the browser."""
        if self._env is not None:
            self._env.close()
            self._env = None


def _targets(observation: dict[str, Any]) -> list[Point]:
    """Return the middles of what can be clicked."""
    return [
        (float(e["left"][0] + e["width"][0] / 2), float(e["top"][0] + e["height"][0] / 2))
        for e in observation["dom_elements"]
        if e["tag"] in CLICKABLE or e["tag"].startswith("input")
    ]


def main() -> None:
    """Run the job that is the last argument."""
    lines_out = open_lines()
    job = Job.from_text(sys.argv[-1])
    os.environ["MINIWOB_CHROME_BINARY"], os.environ["MINIWOB_CHROMEDRIVER"] = job.browser, job.driver
    serve(MiniWoB(job), job, lines_in=sys.stdin, lines_out=lines_out)


if __name__ == "__main__":
    main()
