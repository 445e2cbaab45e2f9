"""Which task to practise next, from outcomes alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from browser_env.episode import Episode


@dataclass(frozen=True, slots=True, kw_only=True)
class CurriculumConfig:
    """Shares of the three ways to draw a task; they add up to one."""

    learnable: float = 0.7  # in proportion to p (1 - p): neither mastered nor hopeless
    uniform: float = 0.1
    least_solved: float = 0.2  # among the tasks with the lowest success
    decay: float = 0.98  # of old outcomes, for each new one of the task


class Curriculum:
    """Draws tasks by learnability, p (1 - p) (Rutherford et al. 2024), from decayed Beta(1, 1) counts."""

    def __init__(self, tasks: Sequence[str], config: CurriculumConfig):
        self._tasks = tuple(tasks)
        self._config = config
        self._successes = dict.fromkeys(self._tasks, 0.0)
        self._failures = dict.fromkeys(self._tasks, 0.0)

    def observe(self, episodes: Sequence[Episode]) -> None:
        """Count outcomes; those that say nothing of the policy are left out."""
        for episode in episodes:
            task = episode.task.name
            if episode.outcome.learnable and task in self._successes:
                self._successes[task] = self._config.decay * self._successes[task] + episode.success
                self._failures[task] = self._config.decay * self._failures[task] + (not episode.success)

    def success(self) -> dict[str, float]:
        """Return the posterior mean of each task's success."""
        return {
            task: (self._successes[task] + 1) / (self._successes[task] + self._failures[task] + 2)
            for task in self._tasks
        }

    def mean_observed(self) -> float:
        """Return the mean over practised tasks of the share of recent episodes that succeeded; 0 before the first."""
        counts = zip(self._successes.values(), self._failures.values(), strict=True)
        shares = [successes / (successes + failures) for successes, failures in counts if successes + failures]
        return sum(shares) / len(shares) if shares else 0.0

    def probabilities(self) -> NDArray[np.float64]:
        """Return how likely each task is drawn next: (num_tasks,)."""
        success = np.array(list(self.success().values()))
        learnable = success * (1 - success)
        least = (success <= np.sort(success)[max(len(success) // 4, 1) - 1]).astype(np.float64)
        config = self._config
        mixed = (
            config.learnable * learnable / learnable.sum()
            + config.uniform / len(success)
            + config.least_solved * least / least.sum()
        )
        return np.asarray(mixed / mixed.sum(), dtype=np.float64)

    def shares(self) -> dict[str, float]:
        """Return :meth:`probabilities` by task."""
        return dict(zip(self._tasks, self.probabilities().tolist(), strict=True))

    def draw(self, count: int, rng: np.random.Generator) -> list[str]:
        """Return ``count`` task names."""
        return [self._tasks[i] for i in rng.choice(len(self._tasks), size=count, p=self.probabilities())]
