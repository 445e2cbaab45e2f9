"""Whether the suite's tasks can be done in this environment: their experts, on many seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from browser_env.episode import Episode, Source
from browser_env.miniwob import miniwob_task
from browser_env.pool import Pool, RolloutRequest
from browser_env.seeds import demonstration_seed
from experiments.experts.policy import EXPERTS, ExpertPolicy
from policy.compact import CompactPolicy
from policy.config import CompactConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """How an expert did on a task."""

    task: str
    episodes: int = 0  # 0: the task has no expert
    solved: int = 0
    mean_steps: float = 0.0
    expressible: float = 0.0  # share of its steps that the compact policy could take
    reasons: tuple[tuple[str, int], ...] = ()  # why it failed, and how often

    @property
    def is_solvable(self) -> bool:
        """Whether some episode shows that the task can be done."""
        return self.solved > 0

    def to_row(self) -> dict[str, Any]:
        """Return the proof as a row of a table."""
        return {
            "task": self.task,
            "episodes": self.episodes,
            "solved": self.solved,
            "mean_steps": round(self.mean_steps, 2),
            "expressible": round(self.expressible, 3),
            "reasons": dict(self.reasons),
        }


def audit_suite(
    pool: Pool, names: Sequence[str], *, seeds: int, tell: Callable[[str], None] = lambda task: None
) -> list[Proof]:
    """Return a proof for each task, by its expert on the first ``seeds`` demonstration seeds.

    ``tell`` is called with the task's name at the end of each episode.
    """
    reader = CompactPolicy(CompactConfig(), seed=0)
    return [_prove(pool, f"miniwob/{name.removeprefix('miniwob/')}", seeds, reader, tell) for name in names]


def _prove(pool: Pool, task: str, seeds: int, reader: CompactPolicy, tell: Callable[[str], None]) -> Proof:
    if task not in EXPERTS:
        return Proof(task=task)
    requests = [RolloutRequest(task=miniwob_task(task), seed=demonstration_seed(i)) for i in range(seeds)]
    episodes = []
    for episode in pool.rollout(ExpertPolicy(task), requests, source=Source.SCRIPT):
        episodes.append(episode)
        tell(task)
    steps = [step for episode in episodes for step in episode.steps]
    expressible = sum(reader.read(step.observation, step.action) is not None for step in steps)
    return Proof(
        task=task,
        episodes=len(episodes),
        solved=sum(episode.success for episode in episodes),
        mean_steps=len(steps) / len(episodes),
        expressible=expressible / max(len(steps), 1),
        reasons=_reasons(episodes),
    )


def _reasons(episodes: Sequence[Episode]) -> tuple[tuple[str, int], ...]:
    return tuple(Counter(episode.reason for episode in episodes if not episode.success).most_common())
