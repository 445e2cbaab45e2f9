"""BrowserGym's MiniWoB++; runs in a virtual environment of its own.

Its Playwright looks for a browser of its own revision in PLAYWRIGHT_BROWSERS_PATH; where the job's browser lies there
under that name, every side of the comparison runs the same Chromium.
"""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import browsergym.miniwob  # noqa: F401 - it registers the environments
import gymnasium

from browser_env.serving import FolderServer
from experiments.benchmarks.protocol import Job, Tally, drive, open_lines, serve

TUNED: dict[str, Any] = {"slow_mo": 0, "pre_observation_delay": 0}
VISIBLE = 0.5  # BrowserGym's own threshold


class BrowserGym:
    """One environment; tuned, it neither slows the browser down nor sleeps before it looks."""

    def __init__(self, job: Job):
        self._job = job
        self._server = FolderServer(Path(job.pages))
        os.environ["MINIWOB_URL"] = f"http://{self._server.address}/miniwob/"
        self._env: Any = None

    def prepare(self, task: str) -> None:
        """Make the environment; every reset starts its own browsers, so there is nothing to warm up."""
        if self._env is not None:
            self._env.close()
        self._env = gymnasium.make(f"browsergym/miniwob.{task}", **(TUNED if self._job.tuned else {}))

    def measure(self, task: str, tally: Tally) -> None:
        """Make episodes until the tally has enough."""
        drive(self, tally, task=task, seed=self._job.seed, max_steps=self._job.max_steps)

    def reset(self, seed: int) -> list[str]:
        """Begin an episode."""
        observation, _ = self._env.reset(seed=seed)
        return _targets(observation)

    def step(self, target: str | None) -> tuple[list[str], bool]:
        """Click on an element."""
        observation, _, terminated, truncated, _ = self._env.step("noop(0)" if target is None else f"click('{target}')")
        return _targets(observation), terminated or truncated

    def versions(self) -> dict[str, str]:
        """Return the packages' versions."""
        return {name: version(name) for name in ("browsergym-miniwob", "playwright")}

    def close(self) -> None:
        """End the browsers."""
        if self._env is not None:
            self._env.close()
        self._server.close()


def _targets(observation: dict[str, Any]) -> list[str]:
    """Return the ids of what can be clicked and seen."""
    properties = observation["extra_element_properties"]
    return [bid for bid, of in properties.items() if of["clickable"] and of["visibility"] >= VISIBLE]


def link_browser(browser: str) -> Path:
    """Put the browser where Playwright expects the one it would download; return the folder."""
    package = find_spec("playwright")
    assert package is not None
    assert package.submodule_search_locations
    listing = Path(package.submodule_search_locations[0]) / "driver/package/browsers.json"
    revisions = {row["name"]: row["revision"] for row in json.loads(listing.read_text())["browsers"]}
    folder = Path(sys.prefix) / "browsers"
    place = folder / f"chromium-{revisions['chromium']}" / "chrome-linux" / "chrome"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    place.symlink_to(browser)
    return folder


def main() -> None:
    """Run the job that is the last argument."""
    lines_out = open_lines()
    job = Job.from_text(sys.argv[-1])
    os.environ["PLAYWRIGHT_BROWSERS_PATH"] = str(link_browser(job.browser))
    serve(BrowserGym(job), job, lines_in=sys.stdin, lines_out=lines_out)


if __name__ == "__main__":
    main()
