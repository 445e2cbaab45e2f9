"""How many steps a second browsers make on this machine, driven by scripted experts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from browser_env.episode import Episode
from browser_env.miniwob import miniwob_task
from browser_env.pool import Pool, RolloutRequest
from experiments.experts import ExpertPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """What a number of environments reached, resets and all processes' time included."""

    num_envs: int
    pixels: bool
    episodes: int
    steps: int
    wall_s: float
    cpu_s: float  # of the pool's processes and their browsers
    infra_errors: int

    @property
    def steps_per_s(self) -> float:
        """Steps in a second of wall clock; a reset is no step."""
        return self.steps / self.wall_s

    @property
    def steps_per_cpu_s(self) -> float:
        """Steps for a second of one core."""
        return self.steps / self.cpu_s if self.cpu_s else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the throughput as JSON-serialisable data."""
        return asdict(self) | {"steps_per_s": self.steps_per_s, "steps_per_cpu_s": self.steps_per_cpu_s}


def measure(tasks: Sequence[str], *, num_envs: int, pixels: bool, episodes_per_task: int) -> Throughput:
    """Let experts solve tasks and count; the browsers are started and warmed up before the clock."""
    with Pool(num_envs=num_envs, pixels=pixels) as pool:
        _solve(pool, tasks[:1], episodes=2 * num_envs)
        started = time.monotonic()
        episodes = _solve(pool, tasks, episodes=episodes_per_task)
        wall_s = time.monotonic() - started
    return Throughput(
        num_envs=num_envs,
        pixels=pixels,
        episodes=len(episodes),
        steps=sum(len(episode.steps) for episode in episodes),
        wall_s=wall_s,
        cpu_s=sum(episode.cost.cpu_s for episode in episodes),
        infra_errors=sum(not episode.outcome.learnable for episode in episodes),
    )


def _solve(pool: Pool, tasks: Sequence[str], *, episodes: int) -> list[Episode]:
    solved: list[Episode] = []
    for task in tasks:
        requests = [RolloutRequest(task=miniwob_task(task), seed=seed) for seed in range(episodes)]
        solved += pool.rollout(ExpertPolicy(miniwob_task(task).name), requests)
    return solved
