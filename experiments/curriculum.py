"""Which task to practise next, from outcomes alone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from browser_env.episode import Episode
from browser_env.errors import UsageError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class CurriculumConfig:
    """Shares of the three ways to draw a task, which are made to add up to one, and what they go by."""

    learnable: float = 0.7  # in proportion to p (1 - p): neither mastered nor hopeless
    uniform: float = 0.1  # all tasks alike, so that nothing is forgotten or given up for good
    unsolved: float = 0.2  # among the tasks with the lowest success that are not parked, of those that were shown
    cost_exponent: float = 0.0  # learnability is divided by this power of an episode's mean steps
    decay: float = 0.98  # of old outcomes, for each new one of the task
    parked_after: int = 200  # failures in a row after which a task is only drawn with all others

    def __post_init__(self) -> None:
        shares = (self.learnable, self.uniform, self.unsolved)
        if min(shares) < 0 or self.uniform <= 0:
            raise UsageError(f"shares of a curriculum are 0 or more, and uniform above 0, not {shares}")
        if not 0 < self.decay <= 1 or self.parked_after < 1 or self.cost_exponent < 0:
            raise UsageError(
                "a curriculum's decay is above 0 and at most 1, parked_after 1 and cost_exponent 0 or more"
            )


@dataclass(slots=True)
class _Record:
    """What is known of one task."""

    successes: float = 0.0
    failures: float = 0.0
    steps: float = 0.0  # of the episodes that these count, decayed alike
    episodes: int = 0
    failed_in_a_row: int = 0
    is_shown: bool = False  # whether there are demonstrations of it

    @property
    def success(self) -> float:
        return (self.successes + 1) / (self.successes + self.failures + 2)

    @property
    def mean_steps(self) -> float:
        return (self.steps + 1) / (self.successes + self.failures + 1)


class Curriculum:
    """Draws tasks by learnability, p (1 - p) (Rutherford et al. 2024), from decayed Beta(1, 1) counts.

    Only episodes from a task's own start count; a success from near the goal only says that a task is not hopeless.
    """

    def __init__(self, tasks: Sequence[str], config: CurriculumConfig):
        self._config = config
        self._records = {task: _Record() for task in tasks}

    def observe(self, episodes: Sequence[Episode]) -> None:
        """Count outcomes; those that say nothing of the policy are left out."""
        for episode in episodes:
            record = self._records.get(episode.task.name)
            if record is None or not episode.outcome.learnable:
                continue
            record.failed_in_a_row = 0 if episode.success else record.failed_in_a_row + 1
            if not episode.prefix:
                self._count(record, episode)

    def show(self, task: str) -> None:
        """Take note that there are demonstrations of a task."""
        if task in self._records:
            self._records[task].is_shown = True

    def _count(self, record: _Record, episode: Episode) -> None:
        decay = self._config.decay
        record.successes = decay * record.successes + episode.success
        record.failures = decay * record.failures + (not episode.success)
        record.steps = decay * record.steps + len(episode.steps)
        record.episodes += 1

    def success(self) -> dict[str, float]:
        """Return the posterior mean of each task's success."""
        return {task: record.success for task, record in self._records.items()}

    def practised(self) -> dict[str, int]:
        """Return how many episodes of each task have begun at its start."""
        return {task: record.episodes for task, record in self._records.items()}

    def mean_practised(self, tasks: Collection[str]) -> float:
        """Return the mean over tasks of the share of recent episodes that succeeded; 0 for one never practised."""
        counts = [(r.successes, r.successes + r.failures) for task, r in self._records.items() if task in tasks]
        return sum(successes / total for successes, total in counts if total) / len(counts)

    def parked(self) -> frozenset[str]:
        """Return the tasks that have failed so often in a row that only the uniform share draws them."""
        limit = self._config.parked_after
        return frozenset(task for task, record in self._records.items() if record.failed_in_a_row >= limit)

    def probabilities(self) -> Floats:
        """Return how likely each task is drawn next: (num_tasks,)."""
        config = self._config
        mixed = (
            config.learnable * _share(self._learnability())
            + config.unsolved * _share(self._unsolved())
            + config.uniform / len(self._records)
        )
        return np.asarray(mixed / mixed.sum(), dtype=np.float64)

    def shares(self) -> dict[str, float]:
        """Return :meth:`probabilities` by task."""
        return dict(zip(self._records, self.probabilities().tolist(), strict=True))

    def draw(self, count: int, rng: np.random.Generator) -> list[str]:
        """Return ``count`` task names."""
        names = list(self._records)
        return [names[i] for i in rng.choice(len(names), size=count, p=self.probabilities())]

    def rows(self) -> list[dict[str, Any]]:
        """Return what is known of each task and how likely it is drawn, as rows of a table."""
        parked, shares = self.parked(), self.shares()
        return [
            {"task": task, "share": shares[task], "success": record.success, "parked": task in parked}
            | {"episodes": record.episodes, "mean_steps": record.mean_steps}
            for task, record in self._records.items()
        ]

    def _active(self) -> NDArray[np.bool_]:
        parked = self.parked()
        return np.array([task not in parked for task in self._records])

    def _learnability(self) -> Floats:
        success = np.array([record.success for record in self._records.values()])
        steps = np.array([record.mean_steps for record in self._records.values()])
        learnable: Floats = self._active() * success * (1 - success) / steps**self._config.cost_exponent
        return learnable

    def _unsolved(self) -> Floats:
        """Return 1 for each of the quarter with the lowest success, of active tasks that were shown if any were."""
        shown = self._active() & [record.is_shown for record in self._records.values()]
        success = np.where(shown if shown.any() else self._active(), list(self.success().values()), np.inf)
        limit = np.sort(success)[max(int(np.isfinite(success).sum()) // 4, 1) - 1]
        return np.where(np.isfinite(success), success <= limit, False).astype(np.float64)


def _share(weights: Floats) -> Floats:
    """Return weights that add up to one; zeros where nothing weighs."""
    total = weights.sum()
    return weights / total if total > 0 else np.zeros_like(weights)
