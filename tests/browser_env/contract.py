"""Every way of running environments behind one interface, for the tests that all of them have to pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode

import browser_env  # noqa: F401 - makes the environments known
from browser_env.action import Action
from browser_env.env import transition
from browser_env.observation import Observation
from browser_env.pool import Pool, RolloutRequest
from browser_env.spaces import ActionSpace, ObservationSpace
from browser_env.task import Task
from browser_env.task_source import as_miniwob_task, as_task

Stepped = tuple[Observation, float, bool, bool, dict[str, Any]]
VIEWPORT = (320, 240)
BESIDES = "wait(1)"  # what the other environments of a batch do meanwhile


class Subject(Protocol):
    """One environment, however it runs."""

    observation_space: gym.Space[Any]
    action_space: gym.Space[Any]

    def reset(self, *, seed: int | None = None) -> tuple[Observation, dict[str, Any]]: ...

    def step(self, action: Action | str) -> Stepped: ...

    def render(self) -> Any: ...

    def close(self) -> None: ...


RESET_INFO = {"seed", "task", "fields"}
STEP_INFO = {"outcome", "reason", "evidence", "settled", "blocked", "misses"}


class Batched:
    """The first of two environments of a vector environment."""

    def __init__(self, envs: gym.vector.VectorEnv[Any, Any, Any]):
        self.envs = envs
        self.observation_space = envs.single_observation_space
        self.action_space = envs.single_action_space

    def reset(self, *, seed: int | None = None) -> tuple[Observation, dict[str, Any]]:
        observations, infos = self.envs.reset(seed=seed)
        assert observations in self.envs.observation_space
        return observations[0], first(infos)

    def step(self, action: Action | str) -> Stepped:
        observations, rewards, terminated, truncated, infos = self.envs.step((action, BESIDES))
        assert observations in self.envs.observation_space
        assert rewards.shape == terminated.shape == truncated.shape == (2,)
        return observations[0], float(rewards[0]), bool(terminated[0]), bool(truncated[0]), first(infos)

    def render(self) -> Any:
        pictures = self.envs.render()
        return None if pictures is None else pictures[0]

    def close(self) -> None:
        self.envs.close()


class Pooled:
    """The first of two environments of a pool."""

    def __init__(self, task: Task):
        self.task = task
        self.pool = Pool(num_envs=2)
        self.observation_space = ObservationSpace(viewport=task.viewport)
        self.action_space = ActionSpace(viewport=task.viewport)
        self.last: Observation | None = None
        self.chance = np.random.default_rng(0)

    def reset(self, *, seed: int | None = None) -> tuple[Observation, dict[str, Any]]:
        page_seed = int(self.chance.integers(1000)) if seed is None else seed
        self.pool.send_reset([RolloutRequest(task=self.task, seed=page_seed)], [0])
        observation, *_ = self._receive()
        return observation, {"seed": page_seed, "task": self.task.name, "fields": {}}

    def step(self, action: Action | str) -> Stepped:
        self.pool.send([action], [0])
        return self._receive()

    def render(self) -> Any:
        return None if self.last is None else self.last.screenshot

    def close(self) -> None:
        self.pool.close()

    def _receive(self) -> Stepped:
        (ready,) = self.pool.recv()
        assert ready.env_id == 0
        assert ready.result is not None, ready.error
        self.last = ready.result.observation
        return self.last, *transition(ready.result)


def first(infos: dict[str, Any]) -> dict[str, Any]:
    """The info of the first environment of a batch."""
    present = [name for name in infos if not name.startswith("_") and infos[f"_{name}"][0]]
    return {name: first(infos[name]) if isinstance(infos[name], dict) else infos[name][0] for name in present}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A class of environments and how it is made."""

    name: str
    make: Callable[[str], Subject]  # of the fixture pages' address
    survives_errors: bool = True  # Gymnasium's AsyncVectorEnv ends its processes at any error
    is_page: bool = False  # of a fixture page rather than MiniWoB++


def vectorised(mode: str, **vector_kwargs: Any) -> Callable[[str], Subject]:
    if vector_kwargs or mode == "sync":
        options = {"vector_kwargs": {"autoreset_mode": AutoresetMode.DISABLED, **vector_kwargs}}
    else:
        options = {"autoreset_mode": AutoresetMode.DISABLED}
    return lambda site: Batched(
        gym.make_vec(
            "browser_env:webdual/MiniWoB-v0",
            num_envs=2,
            vectorization_mode=mode,
            task="click-button",
            render_mode="rgb_array",
            **options,
        )
    )


def single(name: str, **options: Any) -> Subject:
    env: Any = gym.make(f"webdual/{name}-v0", render_mode="rgb_array", **options)
    return env  # type: ignore[no-any-return]


def page(site: str, *, name: str = "source") -> dict[str, Any]:
    return {name: f"{site}/order.html", "goal": "Order tea", "viewport": VIEWPORT}


KINDS = (
    Kind(name="MiniWoB-v0", make=lambda site: single("MiniWoB", task="click-button")),
    Kind(name="Web-v0", make=lambda site: single("Web", **page(site, name="task")), is_page=True),
    Kind(name="SyncVectorEnv", make=vectorised("sync")),
    Kind(
        name="AsyncVectorEnv, shared memory",
        make=vectorised("async", shared_memory=True, context="spawn"),
        survives_errors=False,
    ),
    Kind(
        name="AsyncVectorEnv, pipes",
        make=vectorised("async", shared_memory=False, context="spawn"),
        survives_errors=False,
    ),
    Kind(name="BrowserVectorEnv", make=vectorised("vector_entry_point")),
    Kind(name="Pool of MiniWoB++", make=lambda site: Pooled(as_miniwob_task("click-button"))),
    Kind(name="Pool of a page", make=lambda site: Pooled(as_task(**page(site))), is_page=True),
)
