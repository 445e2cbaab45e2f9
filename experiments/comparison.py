"""What differs between runs: their settings, and their success task by task, as far as the episodes can tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from browser_env.errors import UsageError
from experiments.scores import TaskScore
from experiments.statistics import (
    Estimate,
    Scores,
    bootstrap,
    bootstrap_improvement,
    interquartile_mean_of_means,
    mean_of_means,
    rate_difference,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScores:
    """A run with its settings and its scores."""

    id: str
    name: str
    params: dict[str, str]
    tasks: dict[str, TaskScore]


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A run over the tasks that all runs share."""

    successes: int
    episodes: int
    mean: Estimate  # of the tasks' success rates
    interquartile_mean: Estimate
    cost_per_success: float | None
    improvement: Estimate | None  # probability of improvement over the first run; None for the first
    verdict: str  # against the first run


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """One task across the runs."""

    task: str
    rates: tuple[Estimate | None, ...]  # None where a run has no episode of it
    differences: tuple[Estimate | None, ...]  # to the first run, one for each other run


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Runs side by side; the first is what the others are compared to."""

    runs: tuple[RunScores, ...]
    params: dict[str, tuple[str | None, ...]]  # only those that differ
    lines: tuple[TaskLine, ...]
    shared: tuple[str, ...]  # tasks that every run has episodes of
    totals: tuple[Total, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON-serialisable data."""
        return {
            "runs": [{"id": run.id, "name": run.name} for run in self.runs],
            "params": {key: list(values) for key, values in self.params.items()},
            "tasks": [asdict(line) for line in self.lines],
            "shared_tasks": list(self.shared),
            "totals": [asdict(total) for total in self.totals],
        }


def compare(runs: Sequence[RunScores], *, seed: int = 0) -> Comparison:
    """Compare runs to the first of them; the seed draws the resamples of the intervals."""
    if len(runs) < 2:
        raise UsageError("a comparison needs two runs; name another one")
    tasks = sorted({task for run in runs for task in run.tasks})
    shared = tuple(task for task in tasks if all(_tried(run, task) for run in runs))
    if not shared:
        raise UsageError("the runs share no task with episodes; evaluate them on the same tasks")
    return Comparison(
        runs=tuple(runs),
        params=_differing([run.params for run in runs]),
        lines=tuple(_line(task, runs) for task in tasks),
        shared=shared,
        totals=tuple(_total(run, runs[0], shared=shared, seed=seed) for run in runs),
    )


def _tried(run: RunScores, task: str) -> bool:
    return task in run.tasks and run.tasks[task].episodes > 0


def _differing(params: Sequence[Mapping[str, str]]) -> dict[str, tuple[str | None, ...]]:
    keys = sorted({key for each in params for key in each})
    rows = {key: tuple(each.get(key) for each in params) for key in keys}
    return {key: values for key, values in rows.items() if len(set(values)) > 1}


def _line(task: str, runs: Sequence[RunScores]) -> TaskLine:
    rates = tuple(run.tasks[task].rate if _tried(run, task) else None for run in runs)
    first = rates[0]
    differences = tuple(None if first is None or rate is None else rate_difference(first, rate) for rate in rates[1:])
    return TaskLine(task=task, rates=rates, differences=differences)


def _total(run: RunScores, first: RunScores, *, shared: Sequence[str], seed: int) -> Total:
    scores = [run.tasks[task] for task in shared]
    strata, successes = _strata(scores), sum(score.successes for score in scores)
    improvement = None
    if run is not first:
        improvement = bootstrap_improvement(_strata([first.tasks[task] for task in shared]), strata, seed=seed)
    return Total(
        successes=successes,
        episodes=sum(score.episodes for score in scores),
        mean=bootstrap(strata, mean_of_means, seed=seed),
        interquartile_mean=bootstrap(strata, interquartile_mean_of_means, seed=seed),
        cost_per_success=_cost_per_success([score.cost for score in scores], successes),
        improvement=improvement,
        verdict=_verdict(improvement),
    )


def _cost_per_success(costs: Sequence[float | None], successes: int) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) / successes if successes and len(known) == len(costs) else None


def _verdict(improvement: Estimate | None) -> str:
    if improvement is None:
        return "baseline"
    if improvement.low > 0.5:
        return "better"
    return "worse" if improvement.high < 0.5 else "cannot be told apart"


def _strata(scores: Sequence[TaskScore]) -> list[Scores]:
    """Return each task's episodes as ones and zeros."""
    return [np.repeat([1.0, 0.0], [score.successes, score.episodes - score.successes]) for score in scores]
