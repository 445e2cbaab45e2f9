"""Browsers as Gymnasium environments.

The browser lives on a thread and an event loop of its own, so an environment also works inside a running
event loop, in a notebook and in any thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import gymnasium as gym
import numpy as np

from browser_env.action import Action, parse_action
from browser_env.environment import BrowserHost, Environment, StepResult
from browser_env.errors import UsageError
from browser_env.miniwob import miniwob_task
from browser_env.observation import Observation, Screenshot
from browser_env.seeds import HELD_OUT_START
from browser_env.spaces import ActionSpace, ObservationSpace
from browser_env.task import Task, VerifierSpec
from rewards.outcome import Outcome

T = TypeVar("T")


class LoopThread:
    """An event loop on a daemon thread, for synchronous callers."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="browser-loop")
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def close(self) -> None:
        """Stop the loop; safe to call twice."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


class BrowserEnv(gym.Env[Observation, Action]):
    """A task in a real browser.

    ``step`` takes a typed action or its text form. ``info`` holds ``outcome``, ``reason`` and ``evidence`` when
    the episode is over; an episode that infrastructure broke is truncated with the outcome ``infra_error``.
    ``info["misses"]`` are the requests of the episode so far that the task's snapshot had no answer to.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 - Gymnasium's own convention

    def __init__(self, task: Task, *, pixels: bool = True, render_mode: str | None = None):
        self.task = task
        self.render_mode = render_mode
        self.observation_space = ObservationSpace(viewport=task.viewport, pixels=pixels)
        self.action_space = ActionSpace(viewport=task.viewport)
        self._loop: LoopThread | None = LoopThread()
        self._host = self._loop.run(_make_host())
        self._environment = Environment(self._host, pixels=pixels)
        self._last: Observation | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; the seed also makes the page's chance. Raise :class:`InfraError` where that fails."""
        super().reset(seed=seed)
        page_seed = seed if seed is not None else int(self.np_random.integers(HELD_OUT_START))
        self._last = self._running().run(self._environment.reset(self.task, seed=page_seed))
        return self._last, {"seed": page_seed, "task": self.task.name, "misses": self._environment.misses}

    def step(self, action: Action | str) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Act; a malformed text raises :class:`ActionError`, a failed action is the next observation's error."""
        typed = parse_action(action) if isinstance(action, str) else action
        result: StepResult = self._running().run(self._environment.step(typed))
        self._last = result.observation
        terminated = result.outcome in (Outcome.SUCCESS, Outcome.FAILURE)
        truncated = result.outcome is not None and not terminated
        info = {
            "outcome": result.outcome,
            "reason": result.reason,
            "evidence": result.evidence,
            "misses": result.misses,
        }
        return result.observation, result.reward, terminated, truncated, info

    def render(self) -> Screenshot | None:
        """Return the last observation's pixels, (height, width, 3) uint8."""
        if self.render_mode is None or self._last is None or self._last.screenshot is None:
            return None
        return np.array(self._last.screenshot)

    def close(self) -> None:
        """End the browser; safe to call twice."""
        if self._loop is not None:
            self._loop.run(self._environment.close())
            self._loop.run(self._host.close())
            self._loop.close()
            self._loop = None

    def _running(self) -> LoopThread:
        if self._loop is None:
            raise UsageError("the environment is closed; make another one")
        return self._loop


async def _make_host() -> BrowserHost:
    return BrowserHost()


def make_miniwob(task: str = "click-button", **options: Any) -> BrowserEnv:
    """Return a MiniWoB++ environment; what ``gym.make("webdual/MiniWoB-v0", task=...)`` calls."""
    return BrowserEnv(miniwob_task(task), **options)


def make_web(task: Task | str, goal: str = "", *, snapshot: str | None = None, **options: Any) -> BrowserEnv:
    """Return an environment of any task, or of a URL with a goal; ``gym.make("webdual/Web-v0", task=...)``.

    With a ``snapshot`` it is played from that file, without any network.
    """
    if isinstance(task, str):
        if not task.startswith(("http://", "https://")):
            raise UsageError(f"{task!r} is no http or https URL; give a URL or a Task")
        never = VerifierSpec(name="url", params={"regex": "(?!)"})  # no address matches
        task = Task(name=f"web/{task}", url=task, goal=goal, verifier=never)
    return BrowserEnv(task if snapshot is None else replace(task, snapshot=snapshot), **options)
