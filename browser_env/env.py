"""Browsers as Gymnasium environments.

The browser lives on a thread and an event loop of its own, so an environment also works inside a running
event loop, in a notebook and in any thread. Thread and browser start with the first reset: until then an
environment can be pickled, copied and forked.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np

from browser_env.action import Action, parse_action
from browser_env.errors import UsageError
from browser_env.finding import Found, Query
from browser_env.judgement import StepResult
from browser_env.loop_thread import LoopThread, ThreadedEnvironment
from browser_env.observation import Observation, Screenshot
from browser_env.seeds import HELD_OUT_START
from browser_env.spaces import ActionSpace, ObservationSpace, without_pixels
from browser_env.task import Task
from browser_env.task_source import TaskSource, as_miniwob_task, as_task
from rewards.outcome import Outcome

__all__ = ["BrowserEnv", "LoopThread", "make_miniwob", "make_web", "transition"]


class BrowserEnv(gym.Env[Observation, Action]):
    """A task in a real browser.

    ``step`` takes a typed action or its text form. ``info`` holds ``outcome``, ``reason`` and ``evidence`` when
    the episode is over, and always why the step ended (``settled``) and what was refused (``blocked``)
    or missing in the task's snapshot (``misses``); an episode
    that infrastructure broke is truncated with the outcome ``infra_error``.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 10}  # noqa: RUF012 - Gymnasium's own convention

    def __init__(self, task: Task, *, pixels: bool = True, render_mode: str | None = None):
        check_render_mode(render_mode)
        self.task = task
        self.render_mode = render_mode
        self.observation_space = ObservationSpace(viewport=task.viewport, pixels=pixels)
        self.action_space = ActionSpace(viewport=task.viewport)
        self._pixels = pixels
        self._live: ThreadedEnvironment | None = None
        self._last: Observation | None = None  # with the picture that rendering needs, observed or not
        self._closed = False

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begin an episode; the seed also makes the page's chance. Raise :class:`InfraError` where that fails.

        ``options`` may hold a ``prefix``, actions or their texts after which the episode begins, and the ``state`` that
        :meth:`state_hash` gave there before; :class:`DivergedError` says that another one was reached.
        """
        super().reset(seed=seed)
        page_seed = seed if seed is not None else draw_seed(self.np_random)
        prefix, expected = _read_options(options or {})
        live = self._start()
        self._last = live.reset(self.task, seed=page_seed, prefix=prefix, expected=expected)
        return self._seen(self._last), {"seed": page_seed, "task": self.task.name, "fields": live.fields}

    def step(self, action: Action | str) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Act; a malformed text raises :class:`ActionError`, a failed action is the next observation's error."""
        typed = parse_action(action) if isinstance(action, str) else action
        if self._closed:
            raise UsageError("the environment is closed; make another one")
        if self._live is None or not self._live.is_ours:
            raise UsageError("no episode has begun; call reset() first")
        result = self._live.step(typed)
        self._last = result.observation
        return self._seen(self._last), *transition(result)

    def state_hash(self) -> str:
        """Return a digest of the state of the episode, the same wherever the same actions led to it."""
        if self._live is None or not self._live.is_ours:
            raise UsageError("no episode has begun; call reset() first")
        return self._live.state_hash()

    def find(self, chain: Sequence[Query], *, frame: Sequence[int] = ()) -> Found | None:
        """Return the element of the page that selectors lead to, None where there is none."""
        if self._live is None or not self._live.is_ours:
            raise UsageError("no episode has begun; call reset() first")
        return self._live.find(chain, frame=frame)

    def render(self) -> Screenshot | None:
        """Return the last observation's pixels, (height, width, 3) uint8, in the mode ``rgb_array``."""
        if self.render_mode is None or self._last is None or self._last.screenshot is None:
            return None
        return np.array(self._last.screenshot)

    def close(self) -> None:
        """End the browser; safe to call twice."""
        self._closed = True
        live, self._live = self._live, None
        if live is not None:
            self._ending()

    def _start(self) -> ThreadedEnvironment:
        """Return the running environment, made where there is none; it ends with this object at the latest."""
        if self._closed:
            raise UsageError("the environment is closed; make another one")
        if self._live is None or not self._live.is_ours:
            self._live = ThreadedEnvironment(pixels=self._pixels or self.render_mode is not None)
            self._ending = weakref.finalize(self, self._live.close)
        return self._live

    def _seen(self, observation: Observation) -> Observation:
        return observation if self._pixels else without_pixels(observation)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the browser out: a copy starts its own."""
        return {name: value for name, value in vars(self).items() if name != "_ending"} | {"_live": None, "_last": None}


def transition(result: StepResult) -> tuple[float, bool, bool, dict[str, Any]]:
    """Return what Gymnasium calls reward, terminated, truncated and info."""
    terminated = result.outcome in (Outcome.SUCCESS, Outcome.FAILURE)
    truncated = result.outcome is not None and not terminated
    info = {
        "outcome": result.outcome,
        "reason": result.reason,
        "evidence": result.evidence,
        "settled": result.settled,
        "blocked": result.blocked,
        "misses": result.misses,
    }
    return result.reward, terminated, truncated, info


def _read_options(options: dict[str, Any]) -> tuple[list[Action], str | None]:
    """Return the prefix and the state that an episode is to begin with; raise :class:`UsageError` for other options."""
    unknown = sorted(set(options) - {"prefix", "state"})
    if unknown:
        raise UsageError(f"there is no option {unknown[0]!r}; known are prefix and state")
    prefix = options.get("prefix") or ()
    return [parse_action(action) if isinstance(action, str) else action for action in prefix], options.get("state")


def draw_seed(chance: np.random.Generator) -> int:
    """Return the training seed of an episode for which nobody named one."""
    return int(chance.integers(HELD_OUT_START))


def check_render_mode(mode: str | None) -> None:
    """Raise :class:`UsageError` for a mode that no environment has."""
    if mode not in (None, "rgb_array"):
        raise UsageError(f"there is no render mode {mode!r}; use 'rgb_array'")


def make_miniwob(
    task: TaskSource = "click-button", *, pixels: bool = True, render_mode: str | None = None, **fields: Any
) -> BrowserEnv:
    """Return a MiniWoB++ environment; what ``gym.make("webdual/MiniWoB-v0", task=...)`` calls."""
    return BrowserEnv(as_miniwob_task(task, **fields), pixels=pixels, render_mode=render_mode)


def make_web(task: TaskSource, *, pixels: bool = True, render_mode: str | None = None, **fields: Any) -> BrowserEnv:
    """Return an environment of any task, or of a URL with a goal; ``gym.make("webdual/Web-v0", task=...)``."""
    return BrowserEnv(as_task(task, **fields), pixels=pixels, render_mode=render_mode)
